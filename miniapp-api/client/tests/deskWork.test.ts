/** Working at the desk: the live code's clock, drafts that stay, one deed at a time, and words for refusals. */
import { effectScope, nextTick } from 'vue'
import { beforeEach, describe, expect, it, vi } from 'vitest'
import { locale } from '@/i18n'
import zh from '@/i18n/desk/zh-Hans.json'
import en from '@/i18n/desk/en.json'
import { d, dOr } from '@/i18n/desk'
import { correction, learn, leftOf, pauseBefore } from '@/services/deskClock'
import { useDeed, useFaults } from '@/services/deskDeed'
import { draftKey, useKept } from '@/services/deskDraft'
import { can, desk, reopen, toLogin, wayBack } from '@/services/deskSession'
import { explainAtDesk, roleName, waitText } from '@/services/deskWording'
import { Problem, problemFrom } from '@/services/problem'
import { kept } from './uni-world'

const staff = { name: '张', role: 'village', region: { code: '320904104209', name: '众心村' } }

beforeEach(() => {
  desk.value = { staff, actions: ['spending.record'], must_set_factor: false }
  locale.value = 'zh-Hans'
  Object.assign(uni, { pageScrollTo: vi.fn() })
})

describe('the clock of the live code', () => {
  const UNTIL = '2026-11-22T08:00:30+08:00'
  const until = Date.parse(UNTIL)

  it('believes the phone where it may be right', () => {
    const skew = learn(null, UNTIL, until - 12_000)
    expect(correction(skew)).toBe(0)
    expect(leftOf(UNTIL, skew, until - 12_000)).toBe(12_000)
  })

  it('of a phone that is five minutes fast is set back, and closer with each answer', () => {
    const fast = 300_000
    const first = learn(null, UNTIL, until - 20_000 + fast)
    expect(leftOf(UNTIL, first, until - 20_000 + fast)).toBeLessThanOrEqual(30_000)
    const next = '2026-11-22T08:01:00+08:00'
    const second = learn(first, next, until + 1000 + fast)
    expect(leftOf(next, second, until + 1000 + fast)).toBeGreaterThanOrEqual(29_000 - 20_000)
    expect(second.most_ms - second.least_ms).toBeLessThan(30_000)
  })

  it('forgets what it learnt when somebody sets the phone', () => {
    const before = learn(null, UNTIL, until - 5000)
    expect(learn(before, UNTIL, until - 5000 + 3_600_000)).toEqual({ least_ms: -3_625_000, most_ms: -3_595_000 })
  })

  it('asks just after the change, never in a rush, and shows nothing that is over', () => {
    expect([pauseBefore(12_000), pauseBefore(0)]).toEqual([12_300, 1500])
    expect(leftOf(UNTIL, { least_ms: 0, most_ms: 0 }, until + 1)).toBe(0)
  })
})

describe('a draft', () => {
  const open = () => {
    const scope = effectScope()
    return { scope, ...scope.run(() => useKept('spend:P', () => ({ amount: '', title: '' })))! }
  }

  it('is there again after the page was closed, also for a form that has grown', async () => {
    vi.useFakeTimers()
    const first = open()
    expect(first.resumed.value).toBe(false)
    first.draft.amount = '19.99'
    await nextTick()
    vi.runAllTimers()
    const again = open()
    expect([again.resumed.value, again.draft.amount, again.draft.title]).toEqual([true, '19.99', ''])
    vi.useRealTimers()
  })

  it('is gone once it was sent, and nothing written later brings it back', async () => {
    vi.useFakeTimers()
    const { draft, done } = open()
    draft.amount = '5'
    await nextTick()
    done()
    draft.amount = '6'
    await nextTick()
    vi.runAllTimers()
    expect(kept.has(draftKey('spend:P'))).toBe(false)
    vi.useRealTimers()
  })

  it('can be thrown away', () => {
    kept.set(draftKey('spend:P'), { amount: '7' })
    const { draft, resumed, startOver } = open()
    startOver()
    expect([draft.amount, resumed.value, kept.has(draftKey('spend:P'))]).toEqual(['', false, false])
  })

  it('of another village is not met on the same phone', () => {
    kept.set(draftKey('spend:P'), { amount: '7' })
    desk.value = { staff: { ...staff, region: { code: '150525', name: '奈曼旗' } }, actions: [], must_set_factor: false }
    expect(open().draft.amount).toBe('')
  })
})

describe('a deed', () => {
  it('runs one at a time, and says whether it was done', async () => {
    const { busy, run } = useDeed()
    let finish = (): void => undefined
    const first = run(() => new Promise<void>((resolve) => (finish = resolve)))
    expect(busy.value).toBe(true)
    expect(await run(() => Promise.resolve())).toBe(false)
    finish()
    expect([await first, busy.value]).toEqual([true, false])
  })

  it('that failed says so, until it is tried again', async () => {
    const { wrong, run } = useDeed()
    expect(await run(() => Promise.reject(new Problem('offline', 'UNREACHABLE')))).toBe(false)
    expect(wrong.value).toContain('填的内容都还在')
    await run(() => Promise.resolve())
    expect(wrong.value).toBe('')
  })

  it('shows no fault before somebody tried, and each one by its field afterwards', () => {
    const { said, summary, pass } = useFaults(() => [{ field: 'title', say: 'fault.empty' }], () => null)
    expect([said.value, summary.value]).toEqual([{}, ''])
    expect(pass()).toBe(false)
    expect([said.value.title, summary.value]).toEqual(['这里要填', '还有 1 处要改，请看上面红字'])
  })

  it('refused by the server for one field says it at that field', () => {
    const refusal = problemFrom(422, { code: 'FORM_INVALID', detail: '联系电话不对。', field: 'phone' })
    expect(useFaults(() => [], () => refusal).said.value).toEqual({ phone: '联系电话不对。' })
  })
})

describe('words at the desk', () => {
  it('a lockout says how long it lasts', () => {
    const locked = problemFrom(429, { code: 'LOGIN_LOCKED', detail: '请稍后再试。', wait_seconds: 75 })
    expect(explainAtDesk(locked)).toContain('1 分 15 秒')
    expect([waitText(30), waitText(120)]).toEqual(['30 秒', '2 分钟'])
  })

  it('four eyes are explained, other refusals speak as the server does', () => {
    expect(explainAtDesk(problemFrom(403, { code: 'FOUR_EYES', detail: '要两个人。' }))).toContain('另一位同事')
    expect(explainAtDesk(problemFrom(409, { code: 'FUND_NEEDED', detail: '请先设立基金。' }))).toBe('请先设立基金。')
    expect(explainAtDesk(new Problem('broken', 'HTTP_500'))).toContain('过一会儿')
  })

  it('in English come from the table, with the figures of the refusal', async () => {
    locale.value = 'en'
    await vi.waitFor(() => expect(d('login.enter')).toBe('Log in'))
    expect(explainAtDesk(problemFrom(409, { code: 'CORRECTION_TOO_LARGE', detail: '超过。', left_fen: 700 }))).toContain('¥7')
    expect(explainAtDesk(problemFrom(409, { code: 'SOMETHING_NEW', detail: '新的。' }))).toBe('新的。')
  })

  it('know the roles, and let a new one pass as it came', () => {
    expect([roleName('village'), roleName('new'), dOr('no.such', '原样')]).toEqual(['村级经办', 'new', '原样'])
  })

  it('stand in both languages under the same keys, with the same holes', () => {
    expect(Object.keys(en)).toEqual(Object.keys(zh))
    const holes = (text: string): string[] => (text.match(/\{\w+\}/g) ?? []).sort()
    for (const key of Object.keys(zh) as (keyof typeof zh)[]) expect([key, holes(en[key])]).toEqual([key, holes(zh[key])])
  })

  it('only what an account may do is offered', () => {
    expect([can('spending.record'), can('payouts.approve')]).toEqual([true, false])
    desk.value = null
    expect(can('spending.record')).toBe(false)
  })
})

describe('a session that has ended', () => {
  const open = (...pages: object[]) => vi.stubGlobal('getCurrentPages', () => pages)

  it('leads to the login once, and back to where it ended, whatever else was asked on the way', () => {
    open({ $page: { fullPath: '/desk/spending?code=P' } })
    toLogin()
    open()
    toLogin()
    open({ $page: { fullPath: '/desk/login' } })
    toLogin()
    expect(uni.redirectTo).toHaveBeenCalledTimes(1)
    expect([wayBack(), wayBack()]).toEqual(['/desk/spending?code=P', '/desk'])
  })

  it('in WeChat is remembered by the page’s file and its query', () => {
    open({ route: 'pages-desk/spending/index', options: { code: 'P&1' } })
    reopen()
    expect(uni.redirectTo).toHaveBeenCalledWith({ url: '/pages-desk/spending/index?code=P%261' })
  })
})
