/** Reconciliation at the desk: what a day and a difference say, who may do what, and that each step is asked once more. */
import { flushPromises, mount, type VueWrapper } from '@vue/test-utils'
import { beforeEach, describe, expect, it, vi } from 'vitest'
import TextField from '@/components/TextField.vue'
import OwnMoneyForm from '@/pages-desk/fees/OwnMoneyForm.vue'
import OwnMoneyRow from '@/pages-desk/fees/OwnMoneyRow.vue'
import FeesPage from '@/pages-desk/fees/index.vue'
import DayFacts from '@/pages-desk/reconciled/DayFacts.vue'
import DaySteps from '@/pages-desk/reconciled/DaySteps.vue'
import DifferenceRow from '@/pages-desk/reconciled/DifferenceRow.vue'
import * as accounts from '@/services/deskAccounts'
import type { BilledDay, Difference, OwnMoney } from '@/services/deskAccounts'
import { desk } from '@/services/deskSession'
import * as session from '@/services/deskSession'
import { problemFrom } from '@/services/problem'

const day: BilledDay = {
  channel: 'sandbox', day: '2026-06-01', version: 1, state: 'open', answer: 'ready', is_overdue: false, payment_count: 3,
  paid_fen: 105_00, refund_count: 0, refunded_fen: 0, fee_fen: 63, closing_fen: 104_37, difference_count: 2, open_count: 2,
  fetched_at: '2026-06-02T10:00:00+08:00', next_at: '2026-06-02T11:00:00+08:00', closed_at: null, closed_by: null, seal: null,
}
const found: Difference = {
  code: 'F1', kind: 'missing', state: 'open', note: '账单有，账本没有', order_no: 'D1', transaction_no: 'T1', refund_no: null,
  ours_fen: null, theirs_fen: 5_00, delta_fen: 5_00, action: null, reason: null, is_mine: false, proposed_by: null,
  proposed_at: null, decided_by: null, decided_at: null, actions: ['explain', 'take_in'],
}
const money: OwnMoney = {
  code: 'M1', amount_fen: 1_000_00, received_on: '2026-06-01', reason: '管理费转入', voucher_url: '/api/v1/media/x.jpg', state: 'waiting',
  is_mine: false, proposed_by: '张三', proposed_at: '2026-06-01T12:00:00+08:00', approved_by: null, approved_at: null, end_reason: null,
}
async function types(page: VueWrapper, text: string): Promise<void> {
  page.findComponent(TextField).vm.$emit('input', text)
  await flushPromises()
}

const asked = vi.spyOn(session, 'deed')

beforeEach(() => {
  asked.mockReset().mockResolvedValue({})
  Object.assign(uni, { pageScrollTo: vi.fn() })
  const staff = { name: '李四', role: 'national', region: { code: '00', name: '全国' } }
  desk.value = { staff, actions: ['reconciliation.read', 'reconciliation.decide', 'fees.fund'], must_set_factor: false }
})

describe('a day', () => {
  it('says for what it waits, what is open, and when it is done', () => {
    expect(accounts.stateOf({ ...day, state: 'waiting', answer: null })).toBe('等渠道出账单')
    expect(accounts.stateOf({ ...day, state: 'waiting', answer: 'bad_hash' })).toContain('不完整')
    expect(accounts.stateOf(day)).toBe('有 2 处差异要处理')
    expect(accounts.stateOf({ ...day, open_count: 0 })).toContain('可以结账')
    expect(accounts.stateOf({ ...day, state: 'sealed' })).toBe('已结账并封存')
  })

  it('is closed once nothing is open, opened again after that, and goes on without a bill only when overdue', () => {
    expect(accounts.dayStepsOf(day)).toEqual([])
    expect(accounts.dayStepsOf({ ...day, open_count: 0 })).toEqual(['close'])
    expect(accounts.dayStepsOf({ ...day, state: 'sealed' })).toEqual(['reopen'])
    expect(accounts.dayStepsOf({ ...day, state: 'waiting' })).toEqual([])
    expect(accounts.dayStepsOf({ ...day, state: 'waiting', is_overdue: true })).toEqual(['no_bill'])
  })

  it('shows its sums, who closed it and its seal', () => {
    const open = mount(DayFacts, { props: { day } }).text()
    expect(open).toContain('¥0.63')
    expect(open).toContain('系统下次查看')
    const sealed: BilledDay = { ...day, state: 'sealed', closing_fen: null, next_at: null, closed_at: day.fetched_at, seal: 'abc' }
    expect(mount(DayFacts, { props: { day: sealed } }).text()).toContain('自动结账')
    expect(mount(DayFacts, { props: { day: { ...sealed, closed_by: '王五' } } }).text()).toContain('王五 结账')
    expect(mount(DayFacts, { props: { day: { ...day, is_overdue: true } } }).text()).toContain('早该结账')
  })

  it('is closed after being asked once more', async () => {
    const card = mount(DaySteps, { props: { day: { ...day, open_count: 0 } } })
    await card.find('button').trigger('click')
    expect(asked).not.toHaveBeenCalled()
    await card.find('.btn-main').trigger('click')
    await flushPromises()
    expect(asked).toHaveBeenCalledWith('close:sandbox:2026-06-01', '/desk/reconciliation/sandbox/2026-06-01/closing')
    expect(card.emitted('changed')).toHaveLength(1)
  })

  it('that was closed asks nothing of before, and a reason typed before a pause is still there', async () => {
    const card = mount(DaySteps, { props: { day: { ...day, open_count: 0 } } })
    await card.find('button').trigger('click')
    await card.setProps({ day: { ...day, state: 'closed' } })
    expect(card.find('[role="group"]').exists()).toBe(false)
    await card.find('button').trigger('click')
    expect(card.get('[role="group"]').attributes('aria-label')).toBe('重开这一天')
    await types(card, '渠道来电更正')
    await card.findAll('button').at(-1)!.trigger('click')
    await card.find('button').trigger('click')
    expect(card.findComponent(TextField).props('value')).toBe('渠道来电更正')
  })

  it.each([['sealed', 'reopening'], ['waiting', 'without-bill']] as const)('that is %s needs a reason', async (state, path) => {
    const card = mount(DaySteps, { props: { day: { ...day, state, is_overdue: true } } })
    await card.find('button').trigger('click')
    await card.find('.btn-main').trigger('click')
    expect(asked).not.toHaveBeenCalled()
    await types(card, '渠道来电更正')
    await card.find('.btn-main').trigger('click')
    await flushPromises()
    expect(asked.mock.calls[0]?.slice(1)).toEqual([`/desk/reconciliation/sandbox/2026-06-01/${path}`, { reason: '渠道来电更正' }])
  })

  it('shows nothing to do to who may only read', () => {
    desk.value = { ...desk.value!, actions: ['reconciliation.read'] }
    expect(mount(DaySteps, { props: { day: { ...day, open_count: 0 } } }).find('button').exists()).toBe(false)
    expect(mount(DifferenceRow, { props: { difference: found } }).find('button').exists()).toBe(false)
  })
})

describe('a difference', () => {
  it('is told with its number and what each side says', () => {
    const told = mount(DifferenceRow, { props: { difference: { ...found, refund_no: 'R1' } } }).text()
    for (const words of ['账本少记', '待处理', '订单号 D1', '退款单号 R1', '没有', '¥5']) expect(told).toContain(words)
  })

  it('of one’s own proposal is taken back, of another’s approved or refused', () => {
    const proposed: Difference = { ...found, state: 'proposed', actions: [] }
    expect(accounts.differenceStepsOf(found)).toEqual(['explain', 'take_in'])
    expect(accounts.differenceStepsOf(proposed)).toEqual(['approve', 'refuse'])
    expect(accounts.differenceStepsOf({ ...proposed, is_mine: true })).toEqual(['take_back'])
  })

  it('is worked off with a reason', async () => {
    const row = mount(DifferenceRow, { props: { difference: found } })
    await row.findAll('button')[1]!.trigger('click')
    await row.find('.btn-main').trigger('click')
    expect(asked).not.toHaveBeenCalled()
    await types(row, ' 确有这笔钱 ')
    await row.find('.btn-main').trigger('click')
    await flushPromises()
    expect(asked).toHaveBeenCalledWith('propose:F1', '/desk/differences/F1/proposals', { action: 'take_in', reason: '确有这笔钱' })
  })

  it.each([[0, '/approvals', undefined], [1, '/refusal', { reason: '先问渠道' }]] as const)('proposed by another: step %i', async (step, path, form) => {
    const proposed: Difference = { ...found, state: 'proposed', action: 'take_in', reason: '确有', proposed_by: '张三', proposed_at: day.fetched_at, decided_by: '王五', decided_at: day.fetched_at }
    const row = mount(DifferenceRow, { props: { difference: proposed } })
    await row.findAll('button')[step]!.trigger('click')
    if (form) await types(row, form.reason)
    await row.find('.btn-main').trigger('click')
    await flushPromises()
    expect(asked.mock.calls[0]?.slice(1)).toEqual([`/desk/differences/F1${path}`, ...(form ? [form] : [])])
  })

  it('that somebody else was quicker with says so and is looked at again', async () => {
    asked.mockRejectedValue(problemFrom(409, { code: 'DIFFERENCE_DONE', detail: '这笔差异已经处理过了。' }))
    const row = mount(DifferenceRow, { props: { difference: { ...found, state: 'proposed', is_mine: true } } })
    await row.find('button').trigger('click')
    await row.find('.btn-main').trigger('click')
    await flushPromises()
    expect(row.text()).toContain('已经处理过了')
    expect(row.find('.btn-main').exists()).toBe(false)
    await row.find('button').trigger('click')
    expect(row.emitted('changed')).toHaveLength(1)
  })
})

describe('money of our own', () => {
  it('needs a voucher, an amount, a day that has come and a reason', () => {
    const blank = accounts.blankOwnMoney('2026-06-02')
    const fields = accounts.ownMoneyFaults({ ...blank, received_on: '2026-06-03' }, '2026-06-02').map((one) => one.field)
    expect(fields).toEqual(['voucher_media', 'amount_fen', 'reason', 'received_on'])
    const whole = { amount: '50.5', received_on: '2026-06-02', reason: ' 转入 ', voucher: { code: 'c', url: 'u' } }
    expect(accounts.ownMoneyFaults(whole, '2026-06-02')).toEqual([])
    expect(accounts.ownMoneyForm(whole)).toEqual({ amount_fen: 50_50, received_on: '2026-06-02', reason: '转入', voucher_media: 'c' })
    expect(accounts.ownMoneyForm(blank)).toMatchObject({ voucher_media: '' })
  })

  it('is not sent with faults', async () => {
    const form = mount(OwnMoneyForm)
    await form.find('.btn-main').trigger('click')
    expect(form.text()).toContain('处要改')
    expect(asked).not.toHaveBeenCalled()
  })

  it('is approved by another, taken back by oneself, refused with a reason', async () => {
    const row = mount(OwnMoneyRow, { props: { money } })
    const buttons = () => row.findAll('.row-main > view button')
    await buttons()[1]!.trigger('click')
    await row.find('.btn-main').trigger('click')
    expect(asked).not.toHaveBeenCalled()
    await types(row, '凭证不清楚')
    await row.find('.btn-main').trigger('click')
    await flushPromises()
    expect(asked).toHaveBeenCalledWith('own-end:M1', '/desk/fees/M1/refusal', { reason: '凭证不清楚' })
    const other = mount(OwnMoneyRow, { props: { money } })
    await other.findAll('.row-main > view button')[0]!.trigger('click')
    await other.find('.btn-main').trigger('click')
    await flushPromises()
    expect(asked).toHaveBeenCalledWith('own:M1', '/desk/fees/M1/approvals')
    const mine = mount(OwnMoneyRow, { props: { money: { ...money, is_mine: true } } })
    expect(mine.text()).toContain('撤回')
  })

  it('that a colleague was quicker with says so and is looked at again', async () => {
    asked.mockRejectedValue(problemFrom(409, { code: 'OWN_MONEY_DONE', detail: '这笔钱已经办过了。' }))
    const row = mount(OwnMoneyRow, { props: { money } })
    await row.findAll('.steps button')[0]!.trigger('click')
    expect(row.text()).toContain('批准以后，¥1,000 记入手续费专用资金')
    await row.find('.btn-main').trigger('click')
    await flushPromises()
    expect(row.text()).toContain('已经办过了')
    await row.find('.steps button').trigger('click')
    expect(row.emitted('changed')).toHaveLength(1)
  })

  it('that is done shows who did it and its voucher', async () => {
    const done: OwnMoney = { ...money, state: 'approved', approved_by: '李四', approved_at: money.proposed_at, end_reason: '说明' }
    const row = mount(OwnMoneyRow, { props: { money: done } })
    expect(row.text()).toContain('李四 批准')
    expect(row.findAll('button')).toHaveLength(1)
    await row.find('button').trigger('click')
    await flushPromises()
  })

  it('shows what is left and what waits', async () => {
    vi.spyOn(session, 'atDesk').mockResolvedValue({ items: [money], next_cursor: null, held_fen: 50_00, waiting_fen: 63 })
    const page = mount(FeesPage)
    await flushPromises()
    expect(page.text()).toContain('¥50')
    expect(page.text()).toContain('¥0.63 手续费在等')
  })
})
