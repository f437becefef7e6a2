/** The page for logging in: nobody's number is taken before it was said that he is fourteen, or not alone. */
import { flushPromises, mount } from '@vue/test-utils'
import { beforeEach, describe, expect, it, vi } from 'vitest'
import { m } from '@/i18n/mine'
import Login from '@/pages/login/index.vue'
import { kept, serverAnswers, uniWorld } from './uni-world'

let opened: ((query?: Record<string, string>) => unknown) | null = null
vi.mock('@dcloudio/uni-app', () => ({ onShow: vi.fn(), onLoad: (hook: typeof opened) => { opened = hook } }))

const ways = { status: 200, body: { wechat_mini: false, wechat_official: true, phone: 'page' } }
const sent_code = { status: 200, body: { sent_to: '138****5678', lives_seconds: 300, again_seconds: 60, shown_code: '123456' } }
const entered = { status: 200, body: { person: { code: 'p' }, joined: false, token: 'token' } }

async function page(query: Record<string, string> = {}) {
  const found = mount(Login)
  await opened?.(query)
  await flushPromises()
  return found
}
type Page = Awaited<ReturnType<typeof page>>
const press = async (found: Page, text: string): Promise<void> => {
  await found.findAll('button, .check').filter((one) => one.text().startsWith(text))[0].trigger('click')
  await flushPromises()
}
const write = async (found: Page, at: number, text: string): Promise<void> => {
  found.findAllComponents({ name: 'TextField' })[at].vm.$emit('input', text)
  await flushPromises()
}

beforeEach(() => {
  kept.clear()
})

describe('logging in', () => {
  it('sends no number before the line is ticked', async () => {
    const sent = serverAnswers(ways, sent_code, entered)
    const found = await page()
    await write(found, 0, '13812345678')
    await press(found, '获取验证码')
    expect([sent.length, found.text().includes(m('login.of_age_needed'))]).toEqual([1, true])
    await press(found, m('login.of_age'))
    expect(found.text()).not.toContain(m('login.of_age_needed'))
    await press(found, '获取验证码')
    expect(sent).toHaveLength(2)
    await press(found, m('login.of_age'))
    await write(found, 1, '123456')
    await press(found, '登录')
    expect([sent.length, found.text().includes(m('login.of_age_needed'))]).toEqual([2, true])
    await press(found, m('login.of_age'))
    await press(found, '登录')
    expect(sent).toHaveLength(3)
  })

  it('asks WeChat only then, too', async () => {
    const login = vi.fn(({ success }: { success: (told: { code: string }) => void }) => success({ code: 'code-1' }))
    Object.assign(uniWorld, { login })
    const sent = serverAnswers({ ...ways, body: { ...ways.body, wechat_mini: true } }, entered)
    const found = await page()
    await press(found, m('login.wechat'))
    expect([login.mock.calls.length, sent.length]).toEqual([0, 1])
    await press(found, m('login.of_age'))
    await press(found, m('login.wechat'))
    expect(sent.map((one) => one.url).at(-1)).toBe('/api/v1/login/wechat-mini')
    Object.assign(uniWorld, { login: undefined })
  })

  it('does not ask who only adds a way in', async () => {
    const sent = serverAnswers(ways, sent_code)
    const found = await page({ adds: '1' })
    expect(found.text()).not.toContain(m('login.of_age'))
    await write(found, 0, '13812345678')
    await press(found, '获取验证码')
    expect(sent).toHaveLength(2)
  })
})
