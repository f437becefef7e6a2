/** Refunds at the desk: whose step is next, through whose hands each went, and what stands in the way. */
import { flushPromises, mount } from '@vue/test-utils'
import { beforeEach, describe, expect, it, vi } from 'vitest'
import RefundAsk from '@/pages-desk/refunds/RefundAsk.vue'
import RefundRow from '@/pages-desk/refunds/RefundRow.vue'
import * as api from '@/services/deskApi'
import { handsOf, numbersOf, requestFaults, requestForm, stepsOf } from '@/services/deskRefunds'
import { desk } from '@/services/deskSession'
import type { DeskRefund } from '@/services/deskTypes'
import { problemFrom } from '@/services/problem'

vi.mock('@/services/deskApi')

const asked: DeskRefund = {
  code: 'R1', amount_fen: 10_00, state: 'asked', reason: '写错了', asked_at: '2026-06-01T10:00:00+08:00', approved_at: null, ended_at: null,
  success_at: null, refuse_reason: null, refund_no: null, gift_code: 'G1', project_code: 'P', project_title: '路灯',
  village: { code: '320904104209', name: '众心村', parents: [{ code: '32', name: '江苏省', level: 'province' }] },
  paid_fen: 50_00, paid_at: '2026-05-30T10:00:00+08:00', free_fen: 50_00, is_redirected: false, is_mine: false, asked_by: null, checked_by: null,
  checked_at: null, approved_by: null, refused_by: null, provider_refund_no: null, provider_code: null, card: null,
}
const all = (): boolean => true
const row = (refund: DeskRefund) => mount(RefundRow, { props: { refund } })
const press = (page: ReturnType<typeof row>, text: string) => page.findAll('button').filter((one) => one.text().startsWith(text))[0].trigger('click')

beforeEach(() => {
  vi.resetAllMocks()
  Object.assign(uni, { pageScrollTo: vi.fn() })
  const staff = { name: '李四', role: 'national', region: { code: '00', name: '全国' } }
  desk.value = { staff, actions: ['refunds.read', 'refunds.ask', 'refunds.decide'], must_set_factor: false }
})

describe('the steps of a refund', () => {
  it('are the next of two people, never of who has a hand in it', () => {
    expect(stepsOf(asked, all)).toEqual(['check', 'refuse'])
    expect(stepsOf({ ...asked, state: 'checked' }, all)).toEqual(['approve', 'refuse'])
    expect(stepsOf({ ...asked, is_mine: true }, all)).toEqual([])
    expect(stepsOf(asked, () => false)).toEqual([])
    for (const state of ['success', 'closed', 'withdrawn', 'refused'] as const) expect(stepsOf({ ...asked, state }, all)).toEqual([])
    for (const state of ['approved', 'processing', 'abnormal'] as const) expect(stepsOf({ ...asked, state, is_mine: true }, all)).toEqual(['question'])
  })

  it('are only to refuse where the fen have moved on', () => {
    const late = { ...asked, free_fen: 9_99 }
    expect([stepsOf(late, all), stepsOf({ ...late, state: 'checked' }, all)]).toEqual([['refuse'], ['refuse']])
    expect(row(late).text()).toContain('只有 ¥9.99')
  })

  it('are each asked once more, and done', async () => {
    const page = row(asked)
    await press(page, '审核通过')
    expect(page.text()).toContain('还要另一位同事批准')
    await press(page, '先不办')
    await press(page, '审核通过')
    await press(page, '确定通过')
    await flushPromises()
    expect(api.approveRefund).toHaveBeenCalledWith('R1')
    expect(page.emitted('changed')).toHaveLength(1)
  })

  it('need a reason to refuse', async () => {
    const page = row(asked)
    await press(page, '驳回')
    await press(page, '确定驳回')
    expect(api.refuseRefund).not.toHaveBeenCalled()
    expect(page.text()).toContain('这里要填')
    const field = page.get('input')
    field.element.dispatchEvent(new CustomEvent('input', { detail: { value: '已拨付' } as unknown as object }))
    await press(page, '确定驳回')
    await flushPromises()
    expect(api.refuseRefund).toHaveBeenCalledWith('R1', '已拨付')
  })

  it('tell when somebody was quicker, and look again', async () => {
    vi.mocked(api.askProvider).mockRejectedValue(problemFrom(409, { code: 'REFUND_NOT_UNDER_WAY', detail: '没有在办理中' }))
    const page = row({ ...asked, state: 'abnormal', is_mine: true })
    expect(page.text()).toContain('他本人的一张借记卡')
    await press(page, '向渠道再问一次')
    await press(page, '现在就问')
    await flushPromises()
    expect(page.get('[role="alert"]').text()).toContain('没有在办理中')
    await press(page, '看看现在的情况')
    expect(page.emitted('changed')).toHaveLength(1)
  })
})

describe('a row', () => {
  it('tells the hands and the numbers', () => {
    const done: DeskRefund = {
      ...asked, state: 'closed', asked_by: '王五', checked_by: '张三', checked_at: asked.asked_at, approved_by: '李四', approved_at: asked.asked_at,
      refund_no: 'R9', provider_refund_no: 'S9', provider_code: 'CLOSED', is_redirected: true,
    }
    expect(handsOf(done).map((one) => one.who.split(' ')[0])).toEqual(['王五', '张三', '李四'])
    expect(handsOf({ ...asked, refused_by: '张三', ended_at: asked.asked_at })[0].who).toBe('捐赠人自己申请')
    expect(numbersOf(done)).toEqual(['退款单号 R9', '渠道退款单号 S9', '渠道说：CLOSED'])
    expect(row(done).text()).toContain('到得太晚')
    expect(row({ ...asked, state: 'refused', refuse_reason: '不行', refused_by: '张三' }).text()).toContain('原因：不行')
    expect(row({ ...asked, is_mine: true }).text()).toContain('您已经经手')
  })
})

describe('a request for a giver', () => {
  it('names the gift, an amount and a reason', async () => {
    expect(requestFaults({ gift: '', amount: '', reason: '' }).map((one) => one.field)).toEqual(['gift_code', 'amount_fen', 'reason'])
    expect(requestFaults({ gift: 'a b', amount: '1', reason: '是' })[0].say).toBe('fault.gift_code')
    expect(requestForm({ gift: ' G1 ', amount: '1.15', reason: ' 是 ' })).toEqual({ gift_code: 'G1', amount_fen: 115, reason: '是' })
    const page = mount(RefundAsk)
    await page.findAll('button')[0].trigger('click')
    expect(api.askRefund).not.toHaveBeenCalled()
    for (const [index, value] of ['G1', '20', '电话里说写错了'].entries()) {
      page.findAll('input')[index].element.dispatchEvent(new CustomEvent('input', { detail: { value } as unknown as object }))
    }
    await page.vm.$nextTick()
    await page.findAll('button')[0].trigger('click')
    await flushPromises()
    expect(api.askRefund).toHaveBeenCalledWith({ gift_code: 'G1', amount_fen: 20_00, reason: '电话里说写错了' })
    expect(page.emitted('asked')).toHaveLength(1)
  })
})
