/** Pages show what they have: lists grow, failures keep what was there, figures are added up again. */
import { afterEach, describe, expect, it, vi } from 'vitest'
import { followed, isFollowed, startFollowing, toggleFollow } from '@/services/followed'
import { leftIn, netOf, rowsBehind, rowsDownTo, sumOf, wayOf, within } from '@/services/ledger'
import { useList, useOne } from '@/services/load'
import { Problem } from '@/services/problem'
import { isFinal, isWhole, nextPause, useSettled } from '@/services/settled'
import { sixDigits } from '@/services/platform'
import { accountName, accountOf, amountOrHidden, minutesText, placeLine, sourceName, stationName } from '@/services/wording'
import type { Gift } from '@/services/types'
import { kept, serverAnswers } from './uni-world'

afterEach(() => void vi.useRealTimers())

describe('one answer', () => {
  it('stays on the page when a refresh fails', async () => {
    const fetch = vi.fn().mockResolvedValueOnce('first').mockRejectedValueOnce(new Problem('offline', 'OFFLINE'))
    const one = useOne<string>(fetch)
    await one.load()
    await one.load()
    expect([one.data.value, one.problem.value?.kind, one.busy.value]).toEqual(['first', 'offline', false])
  })

  it('that comes late does not overwrite a newer one', async () => {
    const late: ((text: string) => void)[] = []
    const one = useOne<string>(() => new Promise((resolve) => late.push(resolve)))
    const loads = [one.load(), one.load()]
    late[1]('newer')
    late[0]('older')
    await Promise.all(loads)
    expect(one.data.value).toBe('newer')
  })
})

it('a list grows by its cursor until there is no more', async () => {
  const list = useList<number>(async (cursor) => (cursor ? { items: [3], next_cursor: null } : { items: [1, 2], next_cursor: 'c' }))
  await list.load()
  expect(list.more.value).toBe(true)
  await list.loadMore()
  await list.loadMore()
  expect([list.data.value, list.more.value]).toEqual([[1, 2, 3], false])
})

it('a list that cannot grow keeps what it has and says why', async () => {
  const fetch = vi.fn().mockResolvedValueOnce({ items: [1], next_cursor: 'c' }).mockRejectedValueOnce(new Problem('timeout', 'T'))
  const list = useList<number>(fetch)
  await list.load()
  await list.loadMore()
  expect([list.data.value, list.problem.value?.kind]).toEqual([[1], 'timeout'])
})

describe('following a figure into the ledger', () => {
  const row = (position: number, reason = 'gift') => ({
    position, reason, posted_at: '', source: 'world', target: '00/P', amount_fen: position, reference: `r${position}`,
  })

  it('takes the rows after the opening up to and with the cut-off', () => {
    const range = { from: 10, to: 20, reason: 'gift' }
    expect([10, 11, 20, 21].map((position) => within(row(position), range))).toEqual([false, true, true, false])
    expect(within(row(15, 'payout'), range)).toBe(false)
  })

  it('reads page after page down to the opening, each row once', async () => {
    const pages = [{ items: [row(30), row(20)], next_cursor: 'a' }, { items: [row(12), row(9)], next_cursor: 'b' }]
    const sent = serverAnswers(...pages.map((body) => ({ status: 200, body })))
    const { rows, whole } = await rowsBehind(['P'], { from: 10, to: 20, reason: '' })
    expect(rows.map((one) => one.position)).toEqual([20, 12])
    expect([sumOf(rows), sent.length, whole]).toEqual([32, 2, true])
  })

  it('says so when the purse is too long to be added up on a phone', async () => {
    serverAnswers({ status: 200, body: { items: [row(30)], next_cursor: 'more' } })
    expect((await rowsBehind(['P'], { from: 10, to: 40, reason: '' })).whole).toBe(false)
  })

  it('leaves in each account what came in less what went out', () => {
    const payout = { ...row(5, 'payout'), source: '00/P', target: 'V/P', amount_fen: 4 }
    const spending = { ...row(6, 'spending'), source: 'V/P', target: 'world', amount_fen: 3 }
    expect(leftIn([row(10), payout, spending], { P: '修桥' })).toEqual([
      { account: '00/P', amount_fen: 6 },
      { account: 'V/P', amount_fen: 1 },
    ])
  })

  it('tells in from out, seen from the purses of the page, and adds them up', () => {
    const payout = { ...row(5, 'payout'), source: '00/P', target: 'V/P', amount_fen: 4 }
    const spending = { ...row(6, 'spending'), source: 'V/P', target: 'world', amount_fen: 3 }
    const surplus = { ...row(7, 'surplus_to_fund'), source: 'V/P', target: 'V/F', amount_fen: 1 }
    const rows = [row(10), payout, spending, surplus]
    expect(rows.map((one) => wayOf(one, { P: '' }))).toEqual([1, 0, -1, -1])
    expect([wayOf(surplus, { F: '' }), wayOf(surplus, { P: '', F: '' })]).toEqual([1, 0])
    expect([netOf(rows, { P: '' }), netOf(rows, { P: '', F: '' })]).toEqual([6, 7])
    expect(leftIn(rows, { P: '' }).map((one) => one.account)).toEqual(['00/P', 'V/P'])
  })

  it('reads down to the row that was asked for', async () => {
    serverAnswers({ status: 200, body: { items: [row(3), row(2)], next_cursor: null } })
    expect(await rowsDownTo('P', 'r2')).toHaveLength(2)
  })
})

describe('waiting for the money', () => {
  const gift = (state: Gift['state'], number?: string) => ({ state, receipt: number ? { number, url: '/r/x' } : null }) as Gift

  it('asks more slowly with time and stops once its receipt is there', async () => {
    vi.useFakeTimers()
    const ask = vi.fn().mockResolvedValue(gift('paid', 'HH-1'))
    for (const state of ['payable', 'confirming', 'paid'] as const) ask.mockResolvedValueOnce(gift(state))
    const waiting = useSettled(ask)
    await waiting.start()
    await vi.advanceTimersByTimeAsync(60_000)
    expect([ask.mock.calls.length, waiting.settled.value]).toEqual([4, true])
    expect(nextPause(8000)).toBe(8000)
  })

  it('goes on after a failed look, and after ten minutes rests between two looks', async () => {
    vi.useFakeTimers()
    const ask = vi.fn().mockRejectedValue(new Problem('offline', 'OFFLINE'))
    const waiting = useSettled(ask)
    await waiting.start()
    await vi.advanceTimersByTimeAsync(11 * 60_000)
    expect([waiting.resting.value, waiting.gift.value]).toEqual([true, null])
    const before = ask.mock.calls.length
    await vi.advanceTimersByTimeAsync(10 * 60_000)
    expect(ask.mock.calls.length - before).toBe(20)
    ask.mockResolvedValue(gift('redirected', 'HH-1'))
    await vi.advanceTimersByTimeAsync(30_000)
    expect([waiting.resting.value, waiting.settled.value]).toEqual([false, true])
  })

  it('never takes "not yet" for an end', () => {
    expect((['payable', 'confirming', 'quarantined', 'paid', 'redirected', 'expired'] as const).map(isFinal)).toEqual([
      false, false, false, true, true, true,
    ])
  })

  it('waits for no receipt that the giver does not want', () => {
    const whole = (receipt: Gift['receipt'], waives_receipt: boolean) => isWhole({ state: 'paid', receipt, waives_receipt } as Gift)
    expect([whole(null, false), whole(null, true), whole({ number: '1', url: '/r/x' }, false)]).toEqual([false, true, true])
  })
})

it('followed villages are kept on the phone, newest first', () => {
  startFollowing()
  toggleFollow('A')
  toggleFollow('B')
  expect([followed.value, isFollowed('A')]).toEqual([['B', 'A'], true])
  toggleFollow('A')
  expect(kept.get('followed_villages')).toEqual(['B'])
})

it('six digits are read from a code or from the address that carries one', () => {
  expect(sixDigits('123456')).toBe('123456')
  expect(sixDigits('https://example.cn/activity?code=A&c=654321')).toBe('654321')
  expect(sixDigits('https://example.cn/123456')).toBeNull()
})

it('places, purses and hours have words', () => {
  expect(placeLine([{ code: '32', name: '江苏省', level: 'province' }, { code: '3209', name: '盐城市', level: 'city' }])).toBe('江苏省 盐城市')
  expect(['world', '00/P', '00/unallocated', '320904104209/P'].map(accountName)).toEqual([
    '账外（捐款人、商家）', '全国账户', '全国账户（待安排）', '村里账户',
  ])
  expect(['world', '00/P#r1', 'V/Q'].map((account) => accountOf(account, { P: '修桥' }))).toEqual([
    '账外（捐款人、商家）', '全国账户 · 修桥', '村里账户',
  ])
  expect(['00', 'in_transit', '320904104209', 'spent'].map(stationName)).toEqual(['全国账户', '正在路上', '村里账户', '已经花了'])
  expect([45, 120, 200].map(minutesText)).toEqual(['45 分钟', '2 小时', '3 小时 20 分钟'])
  expect([amountOrHidden(null), amountOrHidden(5000), sourceName('gift')]).toEqual(['金额不公开', '¥50', '捐款'])
})
