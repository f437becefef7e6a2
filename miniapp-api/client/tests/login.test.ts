/** Coming back to one's own: what is sent, what is kept, and where a message leads. */
import { flushPromises, mount } from '@vue/test-utils'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import NumberButton from '@/pages/login/NumberButton.vue'
import { countUnread, markRead, unread } from '@/services/inbox'
import { goToWechat, logInByPhone, logInMini, logOthersOut, logOut, sendCode, takeOff } from '@/services/login'
import { follow } from '@/services/nav'
import { begin, isKnown, noteKnown } from '@/services/session'
import { inWechat } from '@/services/wechat'
import { kept, refusal, serverAnswers, uniWorld } from './uni-world'

const entered = { status: 200, body: { person: { code: 'p' }, joined: true, token: 'new-token' } }
let codes = 0

beforeEach(() => {
  kept.clear()
  codes = 0
  Object.assign(uniWorld, {
    login: ({ success }: { success: (told: { code: string }) => void }) => success({ code: `code-${(codes += 1)}` }),
  })
})
afterEach(() => {
  vi.unstubAllGlobals()
  vi.stubGlobal('uni', uniWorld)
  Object.assign(uniWorld, { login: undefined })
})

describe('in the mini-program', () => {
  it('a login keeps the new token and that this phone is somebody', async () => {
    const sent = serverAnswers(entered)
    await logInMini(true)
    expect(JSON.parse(sent[0].data ?? '')).toEqual({ code: 'code-1', adds: true })
    expect(kept.get('session_token')).toBe('new-token')
    expect(isKnown()).toBe(true)
  })

  it('a used code is asked for once more, and not for ever', async () => {
    const sent = serverAnswers(refusal(401, 'LOGIN_CODE_USED'))
    await expect(logInMini()).rejects.toMatchObject({ code: 'LOGIN_CODE_USED' })
    expect(sent.map((one) => JSON.parse(one.data ?? '').code)).toEqual(['code-1', 'code-2'])
  })

  it('who cannot log in begins as a guest', async () => {
    const sent = serverAnswers(refusal(503, 'WECHAT_UNAVAILABLE'), { status: 201, body: { person: { code: 'guest' } } })
    expect(await begin()).toBe('guest')
    expect(sent.map((one) => one.url)).toEqual(['/api/v1/login/wechat-mini', '/api/v1/session'])
  })
})

describe('the button for the number', () => {
  const button = (adds = false, allowed = true) => mount(NumberButton, { props: { adds, allowed } })
  const taps = async (page: ReturnType<typeof button>, detail: object): Promise<void> => {
    page.get('button').element.dispatchEvent(Object.assign(new Event('getphonenumber'), { detail }))
    await flushPromises()
  }

  it('sends what it was handed once, and keeps the new token', async () => {
    const sent = serverAnswers(entered)
    const page = button(true)
    expect(page.get('button').attributes('open-type')).toBe('getPhoneNumber')
    await taps(page, { code: 'p-1', errMsg: 'getPhoneNumber:ok' })
    expect(sent.map((one) => [one.url, JSON.parse(one.data ?? '')])).toEqual([
      ['/api/v1/login/wechat-phone', { code: 'p-1', adds: true }],
    ])
    expect([kept.get('session_token'), isKnown()]).toEqual(['new-token', true])
    expect(page.emitted('done')).toHaveLength(1)
  })

  it.each([
    ['getPhoneNumber:fail user deny', '您没有同意', 'who says no is told what we did not see'],
    ['getPhoneNumber:fail:user cancel', '您没有同意', 'so is who closes the question'],
    ['getPhoneNumber:fail no permission', '微信现在给不出手机号', 'the mini-program may not ask'],
    ['getPhoneNumber:ok', '微信现在给不出手机号', 'a WeChat that is too old to hand out a code'],
  ])('%s asks nobody and says so', async (errMsg, words) => {
    const sent = serverAnswers(entered)
    const page = button()
    await taps(page, { errMsg })
    expect(page.get('[role="alert"]').text()).toContain(words)
    expect(sent).toEqual([])
  })

  it.each([
    [401, 'PHONE_GRANT_USED', '请再点一次按钮'],
    [401, 'PHONE_GRANT_INVALID', '已过期'],
    [422, 'PHONE_ABROAD', '中国大陆'],
    [503, 'WECHAT_UNAVAILABLE', '微信现在给不出手机号'],
  ])('%i %s is told in words, sent once, and may be tapped again', async (status, code, words) => {
    kept.set('session_token', 'a-guest')
    const sent = serverAnswers(refusal(status, code))
    const page = button()
    await taps(page, { code: 'p-1' })
    expect(page.get('[role="alert"]').text()).toContain(words)
    expect([sent.length, kept.get('session_token')]).toEqual([1, 'a-guest'])
    expect(page.get('button').attributes('disabled')).toBeUndefined()
    expect(page.emitted('done')).toBeUndefined()
  })

  it('does not ask WeChat before it was said that one is fourteen, or not alone', async () => {
    const page = button(false, false)
    expect(page.get('button').attributes('open-type')).toBeUndefined()
    await page.get('button').trigger('click')
    expect(page.emitted('unsaid')).toHaveLength(1)
  })

  it('a second tap while the first is on its way is not a second try', async () => {
    uniWorld.request.mockImplementation(() => undefined)
    const page = button()
    await taps(page, { code: 'p-1' })
    await taps(page, { code: 'p-2' })
    expect(uniWorld.request).toHaveBeenCalledTimes(1)
    expect(page.get('button').text()).toBe('正在登录…')
  })
})

describe('in a browser', () => {
  it('WeChat is known by its name', () => {
    vi.stubGlobal('navigator', { userAgent: 'Mozilla/5.0 MicroMessenger/8.0.50' })
    expect(inWechat()).toBe(true)
    vi.stubGlobal('navigator', { userAgent: 'Mozilla/5.0 Chrome/120' })
    expect(inWechat()).toBe(false)
  })

  it('the way through WeChat is the server’s own address; to add it, a page of ours asks where to go', async () => {
    const assign = vi.fn()
    vi.stubGlobal('location', { assign })
    const sent = serverAnswers({ status: 200, body: { address: 'https://wechat.test/authorize?state=s' } })
    await goToWechat('/me?a=1')
    await goToWechat('/me', true)
    expect(assign.mock.calls).toEqual([['/login/wechat?next=%2Fme%3Fa%3D1'], ['https://wechat.test/authorize?state=s']])
    expect(sent.map((one) => [one.url, one.data])).toEqual([['/api/v1/login/wechat-official', '{"next":"/me"}']])
  })

  it('a phone without a session gets one before it gets a code', async () => {
    const session = { status: 201, body: { person: { code: 'p' } } }
    const code = { status: 200, body: { sent_to: '138****5678', lives_seconds: 300, again_seconds: 60, shown_code: null } }
    const sent = serverAnswers(refusal(401, 'SESSION_NEEDED'), refusal(503, 'WECHAT_UNAVAILABLE'), session, code)
    expect((await sendCode('13812345678')).sent_to).toBe('138****5678')
    expect(sent.at(-1)?.url).toBe('/api/v1/login/phone/code')
  })

  it('a wrong code is one try, and the phone stays who it is', async () => {
    kept.set('session_token', 'a-guest')
    noteKnown(true)
    const sent = serverAnswers(refusal(401, 'PHONE_CODE_WRONG'))
    await expect(logInByPhone('13812345678', '000000')).rejects.toMatchObject({ code: 'PHONE_CODE_WRONG' })
    expect(sent.length).toBe(1)
    expect(kept.get('session_token')).toBe('a-guest')
  })

  it('the code is told with the number', async () => {
    const sent = serverAnswers(entered)
    await logInByPhone('13812345678', '123456')
    expect(JSON.parse(sent[0].data ?? '')).toEqual({ phone: '13812345678', code: '123456', adds: false })
  })
})

describe('what is mine', () => {
  it('is counted only where this phone is somebody, and a lost answer changes nothing', async () => {
    const sent = serverAnswers({ status: 200, body: { items: [], next_cursor: null, unread: 3 } })
    await countUnread()
    expect(sent.length).toBe(0)
    noteKnown(true)
    await countUnread()
    expect(unread.value).toBe(3)
    serverAnswers({ lost: 'request:fail' })
    await countUnread()
    expect(unread.value).toBe(3)
    serverAnswers({ status: 200, body: { unread: 1 } })
    await markRead('M1')
    expect(unread.value).toBe(1)
  })

  it('leaves the phone with a log-out, and other phones are ended by one word', async () => {
    noteKnown(true)
    kept.set('session_token', 'old')
    const sent = serverAnswers({ status: 200, body: { ended: 2 } }, { status: 204 }, { status: 204 })
    expect((await logOthersOut()).ended).toBe(2)
    await takeOff('A/1', true)
    await logOut()
    expect(sent.map((one) => `${one.method} ${one.url}`)).toEqual([
      'DELETE /api/v1/me/phones', 'DELETE /api/v1/me/accounts/A%2F1?sure=true', 'DELETE /api/v1/session',
    ])
    expect(kept.size).toBe(0)
  })

  it('a message leads to a page of ours', () => {
    follow('/gift?code=G1')
    expect(uniWorld.navigateTo.mock.calls.at(-1)?.[0].url).toContain('code=G1')
  })
})
