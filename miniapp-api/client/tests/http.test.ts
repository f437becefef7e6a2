/** One door to the network: what every request carries, and what every failure means. */
import { afterEach, describe, expect, it, vi } from 'vitest'
import * as api from '@/services/api'
import { send, withQuery } from '@/services/http'
import { explain, Problem, problemFrom } from '@/services/problem'
import { forgetMe, readMine } from '@/services/session'
import { online } from '@/services/settings'
import { kept, refusal, serverAnswers } from './uni-world'

afterEach(() => {
  online.value = true
})

describe('a request', () => {
  it('that changes something says that it comes from our own page', async () => {
    const sent = serverAnswers({ status: 200, body: {} })
    await send('POST', '/shares', { body: { a: 1 } })
    await send('GET', '/app')
    expect(sent[0].header['X-Requested-With']).toBe('happy-home')
    expect(sent[0].url).toBe('/api/v1/shares')
    expect(sent[1].header['X-Requested-With']).toBeUndefined()
  })

  it('asks for nothing older than what one has just done', async () => {
    vi.useFakeTimers()
    const sent = serverAnswers({ status: 200, body: {} })
    await send('POST', '/projects/P/gifts')
    await send('GET', '/projects/P')
    vi.advanceTimersByTime(10_000)
    await send('GET', '/projects/P')
    vi.useRealTimers()
    expect(sent.map((one) => one.header['Cache-Control'])).toEqual([undefined, 'no-cache', undefined])
  })

  it('leaves empty parameters out and writes the others safely', () => {
    expect(withQuery('/x', { q: '李家', cursor: null, parent: undefined, code: '' })).toBe('/x?q=%E6%9D%8E%E5%AE%B6')
    expect(withQuery('/x')).toBe('/x')
  })

  it('asks every list of the contract where the contract has it', async () => {
    const sent = serverAnswers({ status: 200, body: { items: [], next_cursor: null } })
    await api.regions('32')
    await api.searchRegions('李家')
    await api.projectTransfers('P', { cursor: 'c', limit: 100 })
    await api.notices({ village: 'V' })
    expect(sent.map((one) => one.url)).toEqual([
      '/api/v1/regions?parent=32',
      '/api/v1/regions/search?q=%E6%9D%8E%E5%AE%B6&limit=20',
      '/api/v1/projects/P/transfers?cursor=c&limit=100',
      '/api/v1/notices?village=V',
    ])
  })
})

describe('a failure', () => {
  it('without a network is told as "offline"', async () => {
    online.value = false
    serverAnswers({ lost: 'request:fail' })
    await expect(send('GET', '/app')).rejects.toMatchObject({ kind: 'offline', retryable: true })
  })

  it('after too long a wait is told as a wait', async () => {
    serverAnswers({ lost: 'request:fail timeout' })
    await expect(send('GET', '/app')).rejects.toMatchObject({ kind: 'timeout' })
  })

  it('of the server itself may be tried again, a refusal may not', () => {
    expect(problemFrom(503, 'nginx')).toMatchObject({ kind: 'broken', code: 'HTTP_503', retryable: true })
    expect(problemFrom(409, refusal(409, 'OVERLAP').body)).toMatchObject({ kind: 'refused', code: 'OVERLAP', retryable: false })
    expect(problemFrom(429, refusal(429, 'SLOW_DOWN', { retryable: true }).body)).toMatchObject({ retryable: true })
  })

  it('is a captive portal’s page that says 200', async () => {
    serverAnswers({ status: 200, body: '<html>Welcome to our Wi-Fi</html>' })
    await expect(send('GET', '/app')).rejects.toMatchObject({ kind: 'broken' })
  })

  it('is explained in the words of the act where the same refusal means something else there', () => {
    const overlap = problemFrom(409, { code: 'OVERLAP', detail: '时间重叠。' })
    expect(explain(overlap, 'sign_up')).toBe('这段时间您已报名另一个活动')
    expect(explain(overlap)).toBe('这段时间您在另一个活动里已经签到')
    expect(explain(problemFrom(409, { code: 'ACTIVITY_FULL' }), 'sign_up')).toBe('名额已满')
  })

  it('is explained in our words, else in the server’s, else in general ones', () => {
    expect(explain(problemFrom(409, refusal(409, 'CODE_EXPIRED').body))).toContain('数字已经换了')
    expect(explain(problemFrom(409, refusal(409, 'BRAND_NEW').body))).toBe('服务器的话')
    expect(explain(new Problem('broken', 'X'))).toContain('出了点问题')
    expect(explain(new Problem('offline', 'X'))).toContain('网络')
    expect(explain(new Problem('timeout', 'X'))).toContain('太久')
  })
})

describe('a person', () => {
  it('without a session owns nothing yet, and asking makes none', async () => {
    const sent = serverAnswers(refusal(401, 'SESSION_NEEDED'))
    expect(await api.myGifts()).toEqual({ items: [], next_cursor: null })
    expect(sent).toHaveLength(1)
  })

  it('still hears of other failures', async () => {
    serverAnswers({ status: 500 })
    await expect(readMine('/me/gifts', null)).rejects.toMatchObject({ kind: 'broken' })
  })

  it('begins with the first thing that he does, and the token is kept', async () => {
    const session = { status: 201, body: { person: { code: 'p' }, token: 'secret' } }
    const sent = serverAnswers(refusal(401, 'SESSION_NEEDED'), session, { status: 201, body: { link: { code: 'L' } } })
    await api.share('project', 'P')
    expect(sent.map((one) => one.url)).toEqual(['/api/v1/shares', '/api/v1/session', '/api/v1/shares'])
    expect(kept.get('session_token')).toBe('secret')
    expect(sent[2].header.Authorization).toBe('Bearer secret')
  })

  it('can be forgotten on this phone', async () => {
    kept.set('session_token', 'secret')
    serverAnswers({ status: 204 })
    await forgetMe()
    expect(kept.has('session_token')).toBe(false)
  })
})
