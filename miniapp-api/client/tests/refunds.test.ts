/** Asking for a gift back: what can be asked, what is wrong with a request, and what became of earlier ones. */
import { flushPromises, mount } from '@vue/test-utils'
import { beforeEach, describe, expect, it, vi } from 'vitest'
import GiftRow from '@/components/GiftRow.vue'
import MoneyFlow from '@/components/MoneyFlow.vue'
import GiftRefund from '@/pages/gift/GiftRefund.vue'
import * as api from '@/services/refundCalls'
import { problemFrom } from '@/services/problem'
import { partsOf, refundFaults, refundForm } from '@/services/refunds'
import { accountName } from '@/services/wording'
import type { Gift, GiftRefund as Refund, GiftRefunds, RefundState } from '@/services/types'

vi.mock('@/services/refundCalls')

const item = (state: RefundState, change: Partial<Refund> = {}): Refund => ({
  code: `R-${state}`, amount_fen: 10_00, state, reason: '写错了', asked_at: '2026-06-01T10:00:00+08:00', approved_at: null,
  ended_at: null, success_at: null, refuse_reason: null, refund_no: null, ...change,
})
const money: GiftRefunds = {
  paid_fen: 50_00, free_fen: 30_00, to_village_fen: 20_00, to_fund_fen: 0, refunding_fen: 0, refunded_fen: 0, refusal: null, items: [],
}
const gift = { code: 'G1' } as Gift

async function card(found: GiftRefunds) {
  vi.mocked(api.giftRefunds).mockResolvedValue(found)
  const page = mount(GiftRefund, { props: { gift } })
  await flushPromises()
  return page
}
const button = (page: Awaited<ReturnType<typeof card>>, text: string) => page.findAll('button').filter((one) => one.text() === text)[0]

beforeEach(() => {
  vi.resetAllMocks()
})

describe('the card of refunds', () => {
  it('has the reason of a child’s gift at hand for its guardian', async () => {
    const page = await card(money)
    await button(page, '申请退款').trigger('click')
    vi.mocked(api.askRefund).mockResolvedValue(money)
    await page.findAll('.link').filter((one) => one.text() === '全部 ¥30')[0].trigger('click')
    await page.findAll('.link').filter((one) => one.text() === '孩子捐的，监护人不同意')[0].trigger('click')
    await button(page, '提交申请').trigger('click')
    expect(api.askRefund).toHaveBeenCalledWith('G1', { amount_fen: 30_00, reason: '孩子捐的，监护人不同意' })
  })

  it('says what is free, where the rest is, and the number for a call', async () => {
    const page = await card(money)
    expect(page.text()).toContain('现在可以退¥30')
    expect(page.text()).toContain('已拨付到村，不能退¥20')
    expect(page.text()).not.toContain('互助基金，不能退')
    expect(page.text()).toContain('捐赠编号 G1')
  })

  it('sends what was asked and shows how it stands', async () => {
    const page = await card(money)
    await button(page, '申请退款').trigger('click')
    await button(page, '提交申请').trigger('click')
    expect(page.findAll('[role="alert"]').map((one) => one.text())).toEqual(['请填要退多少元。', '请写一下原因。'])
    await page.get('.link').trigger('click')
    const [, reason] = page.findAll('input')
    expect(page.findAll('input')[0].element.value).toBe('30')
    reason.element.value = '重复捐款'
    reason.element.dispatchEvent(new CustomEvent('input', { detail: { value: '重复捐款' } as unknown as object }))
    vi.mocked(api.askRefund).mockResolvedValue({ ...money, items: [item('asked')] })
    await button(page, '提交申请').trigger('click')
    await flushPromises()
    expect(api.askRefund).toHaveBeenCalledWith('G1', { amount_fen: 30_00, reason: '重复捐款' })
    expect(page.text()).toContain('已提交')
    expect(page.text()).toContain('等待审核')
    expect(page.emitted('changed')).toHaveLength(1)
  })

  it('can be left without asking', async () => {
    const page = await card(money)
    await button(page, '申请退款').trigger('click')
    await button(page, '先不退').trigger('click')
    expect(button(page, '申请退款').exists()).toBe(true)
  })

  it('withdraws a request that waits, after asking once more, and no other', async () => {
    const page = await card({ ...money, refusal: { code: 'REFUND_WAITS', detail: '等' }, items: [item('checked'), item('success')] })
    expect(button(page, '申请退款')).toBeUndefined()
    expect(page.text()).not.toContain('等待审核，请等它办完')
    vi.mocked(api.withdrawRefund).mockRejectedValue(problemFrom(409, { code: 'REFUND_DECIDED', detail: '服务器的话' }))
    await button(page, '撤回申请').trigger('click')
    expect(page.text()).toContain('撤回以后就不退了')
    await button(page, '先不撤回').trigger('click')
    await button(page, '撤回申请').trigger('click')
    await button(page, '确定撤回').trigger('click')
    await flushPromises()
    expect(api.withdrawRefund).toHaveBeenCalledWith('G1', 'R-checked')
    expect(page.get('[role="alert"]').text()).toContain('已经办过了')
  })

  it('says why nothing can be asked any more, and why one was refused', async () => {
    const over = { code: 'REFUND_TOO_LATE', detail: '服务器的话' }
    const page = await card({ ...money, refusal: over, items: [item('refused', { refuse_reason: '已用于采购' })] })
    expect(page.text()).toContain('超过365天')
    expect(page.text()).toContain('原因：已用于采购')
  })

  it('says nothing of limits where nothing is left: the figures say it', async () => {
    const page = await card({ ...money, free_fen: 0, to_village_fen: 0, refunded_fen: 50_00, refusal: { code: 'REFUND_TOO_SOON', detail: '服务器的话' } })
    expect(page.text()).toContain('已退回¥50')
    expect(page.text()).not.toContain('间隔一分钟')
  })

  it('draws a failure with a way to try again', async () => {
    vi.mocked(api.giftRefunds).mockRejectedValue(problemFrom(503, { code: 'DATABASE_BUSY', detail: '忙', retryable: true }))
    const page = mount(GiftRefund, { props: { gift } })
    await flushPromises()
    expect(page.findAll('button').length).toBe(1)
  })
})

describe('a request', () => {
  it('is for no more than is free, with a reason that is not too long', () => {
    expect(refundFaults({ amount: '30', reason: '是' }, 30_00)).toEqual({})
    expect(refundFaults({ amount: '30.01', reason: '是' }, 30_00).amount).toContain('¥30')
    expect(refundFaults({ amount: '0.001', reason: '长'.repeat(201) }, 30_00)).toMatchObject({ reason: '最多 200 个字。' })
    expect(refundForm({ amount: '1.15', reason: ' 是 ' })).toEqual({ amount_fen: 115, reason: '是' })
    expect(refundForm({ amount: 'x', reason: '是' }).amount_fen).toBe(0)
  })

  it('has figures for every part that holds something, and always for what is free', () => {
    const none = { ...money, free_fen: 0, to_village_fen: 0, refunded_fen: 50_00 }
    expect(partsOf(none).map((one) => one.part)).toEqual(['free', 'refunded'])
  })
})

describe('what went back', () => {
  it('is said beside the gift and under the money of its project', () => {
    const line = { code: 'G', name: '王家大嫂', amount_fen: 10_00, message: null, paid_at: '2026-06-01T00:00:00+08:00', via_share: false }
    expect(mount(GiftRow, { props: { gift: { ...line, refund: 'whole' as const } } }).text()).toContain('已退款')
    expect(mount(GiftRow, { props: { gift: line } }).text()).not.toContain('退款')
    const figures = { received_fen: 1, with_nation_fen: 1, in_transit_fen: 0, with_village_fen: 0, spent_fen: 0, refunded_fen: 2_00, refunding_fen: 0 }
    expect(mount(MoneyFlow, { props: { figures } }).text()).toContain('另有已退回¥2')
    expect(accountName('00/P#refunds')).toBe('待退款')
  })
})
