/** Payouts at the desk: which step is whose, what became of each, and where waiting money is best given. */
import { mount } from '@vue/test-utils'
import { beforeEach, describe, expect, it, vi } from 'vitest'
import ProjectPick from '@/pages-desk/parts/ProjectPick.vue'
import PayoutRow from '@/pages-desk/payouts/PayoutRow.vue'
import WaitingRow from '@/pages-desk/unallocated/WaitingRow.vue'
import * as api from '@/services/deskApi'
import { choicesOf, endOf, parted, stepsOf, wishOf } from '@/services/deskPayouts'
import { desk } from '@/services/deskSession'
import type { Payout, PayoutState, PurseName, WaitingMoney } from '@/services/deskTypes'
import { Problem, problemFrom } from '@/services/problem'

vi.mock('@/services/deskApi')

const waiting: Payout = {
  code: 'Y1', project_code: 'P', project_title: '路灯', village_code: '320904104209', amount_fen: 600_00, state: 'waiting',
  village: { code: '320904104209', name: '众心村', parents: [{ code: '32', name: '江苏省', level: 'province' }] },
  is_mine: false, proposed_by: '张三', proposed_at: '2026-06-01T12:00:00+08:00', approved_by: null, approved_at: null,
  ended_by: null, ended_at: null, end_reason: null,
}
const ended = (state: PayoutState, change: Partial<Payout> = {}): Payout => ({ ...waiting, state, ended_at: '2026-06-02T09:00:00+08:00', ...change })
const purse = (code: string, title: string, state: PurseName['state'] = 'collecting'): PurseName => ({ code, title, village_name: '众心村', state })
const [roof, fund] = [purse('R', '屋顶', 'ended'), purse('F', '互助基金')]
const money: WaitingMoney = {
  reference: 'D1', amount_fen: 30_00, channel: 'sandbox', provider_date: null, posted_at: '2026-06-01T12:00:00+08:00',
  due_on: '2026-06-04', is_overdue: false, meant_for: roof, offers: [fund],
}

beforeEach(() => {
  vi.resetAllMocks()
  Object.assign(uni, { pageScrollTo: vi.fn() })
  const staff = { name: '李四', role: 'national', region: { code: '00', name: '全国' } }
  desk.value = { staff, actions: ['payouts.propose', 'payouts.approve', 'unallocated.reallocate'], must_set_factor: false }
})

describe('a payout', () => {
  it('of one’s own is withdrawn, another’s is approved or refused, and one that is over is left alone', () => {
    const all = (): boolean => true
    expect(stepsOf(waiting, all)).toEqual(['approve', 'refuse'])
    expect(stepsOf({ ...waiting, is_mine: true }, all)).toEqual(['withdraw'])
    for (const state of ['approved', 'withdrawn', 'refused', 'closed'] as const) expect(stepsOf(ended(state), all)).toEqual([])
    for (const is_mine of [true, false]) expect(stepsOf({ ...waiting, is_mine }, () => false)).toEqual([])
  })

  it('tells its end, by whom and why', () => {
    expect(endOf(waiting)).toBeNull()
    expect(endOf({ ...waiting, state: 'approved', approved_by: '李四', approved_at: '2026-06-02T09:00:00+08:00' })?.text).toBe('李四 批准')
    expect(endOf(ended('withdrawn', { ended_by: '张三' }))).toMatchObject({ text: '张三 撤回', reason: '' })
    expect(endOf(ended('refused', { ended_by: '李四', end_reason: '金额不对' }))).toMatchObject({ text: '李四 驳回', reason: '原因：金额不对' })
    expect(endOf(ended('closed'))?.text).toBe('项目结项，自动终止')
  })

  it('stands in the part of the list where it belongs', () => {
    const list = [waiting, ended('approved'), ended('withdrawn'), ended('refused'), ended('closed')]
    const { waiting: open, paid, ended: over } = parted(list)
    expect([open.length, paid.length, over.map((one) => one.state)]).toEqual([1, 1, ['withdrawn', 'refused', 'closed']])
  })
})

describe('the row of a payout', () => {
  const row = (payout: Payout) => mount(PayoutRow, { props: { payout } })
  const press = (page: ReturnType<typeof row>, words: string) =>
    page.findAll('button').find((one) => one.text().startsWith(words))!.trigger('click')

  it('names village, project, amount and who proposed it', () => {
    for (const words of ['众心村', '江苏省', '路灯', '¥600', '张三 提出']) expect(row(waiting).text()).toContain(words)
    expect(row(ended('closed')).findAll('button')).toEqual([])
  })

  it('withdraws one’s own only after it was asked once more', async () => {
    const page = row({ ...waiting, is_mine: true })
    await press(page, '撤回')
    expect(page.text()).toContain('众心村“路灯”')
    expect(api.withdrawPayout).not.toHaveBeenCalled()
    await press(page, '确定撤回 ¥600')
    await vi.waitFor(() => expect(page.emitted('changed')).toHaveLength(1))
    expect(api.withdrawPayout).toHaveBeenCalledWith('Y1')
  })

  it('refuses with a reason, and not without', async () => {
    const page = row(waiting)
    await press(page, '驳回')
    await press(page, '确定驳回')
    expect([page.text().includes('这里要填'), vi.mocked(api.refusePayout).mock.calls]).toEqual([true, []])
    page.getComponent({ name: 'TextField' }).vm.$emit('input', ' 金额不对 ')
    await press(page, '确定驳回')
    await vi.waitFor(() => expect(page.emitted('changed')).toHaveLength(1))
    expect(api.refusePayout).toHaveBeenCalledWith('Y1', '金额不对')
  })

  it('where somebody was quicker says so and leads back to the list', async () => {
    vi.mocked(api.approvePayout).mockRejectedValue(problemFrom(409, { code: 'PAYOUT_WITHDRAWN', detail: '已经撤回。' }))
    const page = row(waiting)
    await press(page, '批准')
    await press(page, '确定拨付')
    await vi.waitFor(() => expect(page.text()).toContain('已经撤回。'))
    expect(page.text()).not.toContain('确定拨付')
    await press(page, '看看现在的情况')
    expect(page.emitted('changed')).toHaveLength(1)
  })

  it('without a network can be tried again, or left', async () => {
    vi.mocked(api.approvePayout).mockRejectedValue(new Problem('offline', 'OFFLINE'))
    const page = row(waiting)
    await press(page, '批准')
    await press(page, '确定拨付')
    await vi.waitFor(() => expect(page.find('[role="alert"]').exists()).toBe(true))
    expect(page.text()).toContain('确定拨付')
    await press(page, '先不')
    expect([page.emitted('changed'), page.find('[role="alert"]').exists()]).toEqual([undefined, false])
  })
})

describe('waiting money', () => {
  it('says what its giver had meant, or that nobody knows', () => {
    expect(wishOf(money)).toBe('捐款人想捐给：屋顶 · 众心村（募集已结束）')
    expect(wishOf({ ...money, meant_for: { ...roof, state: 'closed' } })).toContain('（已结项）')
    expect(wishOf({ ...money, meant_for: null, offers: [] })).toContain('不知道')
  })

  it('says until when it gets a use, and that this day is over', () => {
    const text = (change: Partial<WaitingMoney>): string => mount(WaitingRow, { props: { money: { ...money, ...change } } }).text()
    expect(text({})).toContain('最晚 2026-06-04 要安排好')
    expect(text({})).not.toContain('超过')
    expect(text({ is_overdue: true })).toContain('已经超过三个工作日（最晚应在 2026-06-04 安排好）')
  })

  it('is offered first where it is best given, and each place stands once', () => {
    expect(choicesOf([fund], [purse('X', '水井'), fund])).toEqual([
      { id: 'F', text: '建议：互助基金 · 众心村' },
      { id: 'X', text: '水井 · 众心村' },
    ])
  })

  it('goes to the offer also while the list of all projects cannot be read', async () => {
    vi.mocked(api.projects).mockRejectedValue(new Problem('offline', 'OFFLINE'))
    const page = mount(WaitingRow, { props: { money } })
    expect(page.text()).toContain('想捐给：屋顶')
    await page.get('button').trigger('click')
    await page.getComponent(ProjectPick).findAll('.option')[0].trigger('click')
    expect(page.text()).toContain('“互助基金 · 众心村”')
    await page.findAll('button').find((one) => one.text() === '确定安排')!.trigger('click')
    await vi.waitFor(() => expect(page.emitted('changed')).toHaveLength(1))
    expect(api.reallocate).toHaveBeenCalledWith('D1', 'F')
  })
})
