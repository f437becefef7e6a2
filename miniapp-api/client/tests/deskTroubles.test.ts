/** What needs a person: told with its numbers and sums, led to where it is settled, and off the list with a word. */
import { flushPromises, mount } from '@vue/test-utils'
import { beforeEach, describe, expect, it, vi } from 'vitest'
import AlertRow from '@/pages-desk/troubles/AlertRow.vue'
import LetterRow from '@/pages-desk/troubles/LetterRow.vue'
import { desk } from '@/services/deskSession'
import { alerts, letters, linesOf, placeOf, toldOfAlert, toldOfLetter, triesOf, type DeadLetter, type PaymentAlert } from '@/services/deskTroubles'
import { refusal, serverAnswers } from './uni-world'

const alert = (kind: string, facts: Record<string, unknown> = {}, subject = 'D1'): PaymentAlert =>
  ({ code: 'A1', kind, subject, facts, raised_at: '2026-06-01T12:00:00+08:00' })
const letter: DeadLetter = {
  code: 'L1', kind: 'refund', subject: 'R1', owed_since: '2026-06-01T12:00:00+08:00', tried_at: '2026-06-02T12:00:00+08:00',
  ended_at: '2026-06-02T12:00:01+08:00', attempts: 30, last_error: 'NOT_ENOUGH',
}
const pressed = async (row: ReturnType<typeof mount>, text: string): Promise<void> => {
  await row.findAll('button').filter((button) => button.text().startsWith(text))[0].trigger('click')
  await flushPromises()
}

beforeEach(() => {
  Object.assign(uni, { pageScrollTo: vi.fn() })
  const staff = { name: '李四', role: 'national', region: { code: '00', name: '全国' } }
  desk.value = { staff, actions: ['alerts.act', 'outbox.act'], must_set_factor: false }
})

describe('an alert', () => {
  it.each([
    ['two sums of one order', alert('AMOUNT_MISMATCH', { told_by: 'notice', ordered_fen: 50_00, told_fen: 49_99 }),
      ['订单号 D1', '从哪里知道的：渠道的通知', '订单金额：¥50', '渠道说的金额：¥49.99']],
    ['what does not match, in words', alert('REFUND_MISMATCH', { state: 'success', wrong: 'amount,new_thing' }),
      ['退款单号 D1', '情况：已退回', '对不上的地方：金额、new_thing']],
    ['a list of it, or none', alert('PAID_AGAIN', { contradicts: [], amount_fen: 1, order: 'D9' }, 'again-7'), ['编号 again-7', '金额：¥0.01', '订单号：D9']],
    ['money that waits too long, and when it was due', alert('MONEY_WAITS', { amount_fen: 30_00, due_on: '2026-05-29' }, 'again-7'),
      ['编号 again-7', '金额：¥30', '最晚应办好的日子：2026-05-29']],
    ['a day of a channel', alert('DAY_NOT_CLOSED', { state: 'open', answer: null }, 'wechat:2026-05-31'),
      ['微信支付 2026-05-31 的账单', '情况：有差异要处理']],
    ['a channel on a day', alert('DECRYPT_FAILED', {}, 'wechat:2026-05-31'), ['微信支付 2026-05-31']],
    ['a channel and an answer that came later', alert('BILL_LACKING', { answer: 'lost' }, 'alipay:2026-05-31'), ['alipay 2026-05-31 的账单', '渠道的回答：lost']],
    ['a clock that is wrong', alert('CLOCK_SKEW', { seconds: -361 }, 'wechat:2026-06-01T04:00:00+00:00'), ['微信支付', '比微信快（秒）：-361']],
    ['why there is no word with WeChat', alert('WECHAT_UNREACHABLE', { why: 'unsigned' }, 'wechat:x'), ['微信支付', '检查的结果：没有通过验签']],
    ['a card by the number of its refund, once', alert('REFUND_CARD_REFUSED', { refund: 'R7', code: 'PARAM_ERROR' }, 'card1'), ['退款单号 R7', '渠道的代码：PARAM_ERROR']],
    ['a number that is no sum', alert('NOTICE_UNREADABLE', { tries: 3 }, 'N1'), ['通知编号 N1', 'tries：3']],
  ])('tells %s', (_what, one, lines) => {
    expect(linesOf(one)).toEqual([...lines, '2026-06-01 12:00 发现'])
  })

  it('of a kind that came later keeps its name and asks for help', () => {
    expect(toldOfAlert(alert('COMET')).title).toBe('COMET')
    expect(toldOfAlert(alert('COMET')).now).toContain('系统维护人员')
    expect(toldOfLetter({ ...letter, kind: 'pigeon' }).now).toContain('再发一次')
  })

  it('leads to where it is settled', () => {
    const places = (one: PaymentAlert): string => placeOf(one)?.url ?? ''
    expect(places(alert('DAY_NOT_CLOSED', {}, 'wechat:2026-05-31'))).toContain('reconciled')
    const waiting = ['GIFT_REDIRECTED', 'PAID_AGAIN', 'MONEY_WAITS']
    expect(waiting.map((kind) => places(alert(kind)).includes('unallocated'))).toEqual([true, true, true])
    expect(places(alert('REFUND_ABNORMAL'))).toContain('wanted=abnormal')
    expect(places(alert('REFUND_CARD_REFUSED'))).toContain('wanted=abnormal')
    expect(places(alert('REFUND_NO_FUNDS'))).toContain('refunds')
    expect(places(alert('ORDER_UNKNOWN'))).toContain('reconciliation')
    expect(placeOf(alert('PREPAY_REFUSED'))).toBeNull()
  })

  it('leaves the list with a reason only', async () => {
    const sent = serverAnswers({ status: 204 })
    const row = mount(AlertRow, { props: { alert: alert('GIFT_REDIRECTED') } })
    await pressed(row, '已经处理好')
    await pressed(row, '确定，处理好了')
    expect([row.text().includes('这里要填'), sent.length]).toEqual([true, 0])
    row.findComponent({ name: 'TextField' }).vm.$emit('input', ' 已安排 ')
    await pressed(row, '确定，处理好了')
    expect([sent[0].url.endsWith('/desk/alerts/A1/end'), sent[0].data]).toEqual([true, '{"reason":"已安排"}'])
    expect(row.emitted('changed')).toHaveLength(1)
  })

  it('is only read by who may not settle it', () => {
    if (desk.value) desk.value.actions = []
    expect(mount(AlertRow, { props: { alert: alert('COMET') } }).findAll('button')).toHaveLength(0)
    expect(mount(LetterRow, { props: { letter } }).findAll('button')).toHaveLength(0)
  })
})

describe('a message that nobody took', () => {
  it('tells its number, how often it was tried and the last answer', () => {
    expect(triesOf(letter)).toEqual(['退款单号 R1', '试了 30 次，2026-06-01 12:00 到 2026-06-02 12:00', '最后一次的回答：商户账户余额不够'])
    const other = triesOf({ ...letter, kind: 'sandbox_notice', tried_at: null, last_error: null })
    expect(other).toEqual(['编号 R1', '试了 30 次，2026-06-01 12:00 到 2026-06-02 12:00'])
  })

  it('is sent once more, or ended with a reason; who comes second is told so', async () => {
    const sent = serverAnswers({ status: 204 }, refusal(404, 'LETTER_UNKNOWN'))
    const row = mount(LetterRow, { props: { letter } })
    await pressed(row, '再发一次')
    await pressed(row, '确定再发一次')
    expect(sent[0].url.endsWith('/desk/letters/L1/attempts')).toBe(true)
    expect(row.emitted('changed')).toHaveLength(1)
    await pressed(row, '不再发送')
    row.findComponent({ name: 'TextField' }).vm.$emit('input', '已在商户平台核实')
    await pressed(row, '确定不再发送')
    expect([sent[1].url.endsWith('/desk/letters/L1/end'), sent[1].data]).toEqual([true, '{"reason":"已在商户平台核实"}'])
    expect(row.get('[role="alert"]').text()).toBe('服务器的话')
    await pressed(row, '看看现在的情况')
    expect(row.emitted('changed')).toHaveLength(2)
  })

  it('stands in a list of its own, beside the alerts', async () => {
    const sent = serverAnswers({ status: 200, body: { items: [], next_cursor: null } })
    await Promise.all([alerts(), letters('c')])
    expect(sent.map((one) => one.url.replace(/.*\/v1/, ''))).toEqual(['/desk/alerts', '/desk/letters?cursor=c'])
  })
})
