/** The card of a refund that an account could not take: entered by one, confirmed by another, kept nowhere on this phone. */
import { flushPromises, mount } from '@vue/test-utils'
import { beforeEach, describe, expect, it, vi } from 'vitest'
import CardPanel from '@/pages-desk/refunds/CardPanel.vue'
import * as api from '@/services/deskApi'
import { BANKS, bankName, cardFaults, cardForm, cardHands, cardRefusal, cardSteps, keyInHand, mayEnter } from '@/services/deskCards'
import { desk } from '@/services/deskSession'
import type { DeskRefund, RefundCard } from '@/services/deskTypes'
import { problemFrom } from '@/services/problem'
import { kept, serverAnswers } from './uni-world'

vi.mock('@/services/deskApi')

const card: RefundCard = {
  code: 'C1', state: 'entered', bank: '招商银行', card_tail: '4321', is_mine: false, entered_by: '张三', entered_at: '2026-06-01T10:00:00+08:00',
  confirmed_by: null, confirmed_at: null, goes_at: null, ended_at: null, provider_code: null, provider_words: null,
}
const refund: DeskRefund = {
  code: 'R1', amount_fen: 20_44, state: 'abnormal', reason: null, asked_at: card.entered_at, approved_at: card.entered_at, ended_at: null,
  success_at: null, refuse_reason: null, refund_no: 'R9', gift_code: 'G1', project_code: 'P', project_title: '路灯',
  village: { code: '320904104209', name: '众心村', parents: [] }, paid_fen: 50_00, paid_at: card.entered_at, free_fen: 29_56,
  is_redirected: false, is_mine: false, asked_by: null, checked_by: '王五', checked_at: card.entered_at, approved_by: '李四', refused_by: null,
  provider_refund_no: 'S9', provider_code: null, card: null,
}
const having = (changed: Partial<RefundCard>): DeskRefund => ({ ...refund, card: { ...card, ...changed } })
const all = (): boolean => true
const panel = (one: DeskRefund) => mount(CardPanel, { props: { refund: one } })
type Panel = ReturnType<typeof panel>
const press = (page: Panel, text: string) => page.findAll('button').filter((one) => one.text().startsWith(text))[0].trigger('click')

async function types(page: Panel, ...values: string[]): Promise<void> {
  const fields = page.findAll('input')
  for (const [index, value] of values.entries()) {
    fields[index].element.dispatchEvent(new CustomEvent('input', { detail: { value } as unknown as object }))
  }
  await page.vm.$nextTick()
}

beforeEach(() => {
  vi.resetAllMocks()
  kept.clear()
  Object.assign(uni, { pageScrollTo: vi.fn() })
  const staff = { name: '李四', role: 'national', region: { code: '00', name: '全国' } }
  desk.value = { staff, actions: ['refunds.read', 'refunds.decide'], must_set_factor: false }
})

describe('who may do what', () => {
  it('enters one card at a time, for an abnormal refund alone', () => {
    expect(mayEnter(refund, all)).toBe(true)
    expect(mayEnter(refund, () => false)).toBe(false)
    expect(mayEnter({ ...refund, state: 'processing' }, all)).toBe(false)
    for (const state of ['entered', 'confirmed', 'taken'] as const) expect(mayEnter(having({ state }), all)).toBe(false)
    for (const state of ['refused', 'withdrawn'] as const) expect(mayEnter(having({ state }), all)).toBe(true)
  })

  it('does not confirm what he entered himself', () => {
    expect(cardSteps(having({}), all)).toEqual(['confirm', 'withdraw'])
    expect(cardSteps(having({ is_mine: true }), all)).toEqual(['withdraw'])
    expect(cardSteps(having({ state: 'confirmed' }), all)).toEqual(['withdraw'])
    expect(cardSteps(having({ state: 'taken' }), all)).toEqual([])
    expect([cardSteps(refund, all), cardSteps(having({}), () => false)]).toEqual([[], []])
    expect(panel(having({ is_mine: true })).text()).toContain('这张卡是您填的')
    expect(panel(having({ state: 'confirmed', goes_at: card.entered_at })).text()).toContain('在这以前还可以收回')
  })
})

describe('a card', () => {
  it('is digits, a bank and a name', () => {
    expect(cardFaults({ bank: '', number: '', name: '' }).map((one) => one.field)).toEqual(['bank_type', 'bank_account', 'real_name'])
    expect(cardFaults({ bank: 'CMB_DEBIT', number: '6225 8801', name: '王小明' }).map((one) => one.say)).toEqual(['fault.card'])
    const form = cardForm({ bank: 'CMB_DEBIT', number: ' 6225 8801-3765 4321 ', name: ' 王小明 ' })
    expect(form).toEqual({ bank_type: 'CMB_DEBIT', bank_account: '6225880137654321', real_name: '王小明' })
    expect(new Set(BANKS.map(bankName)).size).toBe(15)
  })

  it('is sent under one key until it is changed', () => {
    const keyFor = keyInHand()
    const form = { bank_type: 'CMB_DEBIT', bank_account: '6225880137654321', real_name: '王小明' }
    const key = keyFor(form)
    expect(keyFor({ ...form })).toBe(key)
    expect(keyFor({ ...form, real_name: '王大明' })).not.toBe(key)
  })

  it('tells its hands and why it was refused', () => {
    expect(cardHands({ ...card, confirmed_by: '李四', confirmed_at: card.entered_at }).map((one) => one.who)).toEqual(['张三 填写', '李四 确认'])
    expect(cardRefusal(card)).toBe('')
    const refused = { ...card, state: 'refused' } as const
    expect(cardRefusal({ ...refused, provider_code: 'PARAM_ERROR', provider_words: '户名不符' })).toBe('渠道说：户名不符')
    expect(cardRefusal({ ...refused, provider_code: 'CLOSED' })).toBe('渠道说：CLOSED')
    expect(cardRefusal(refused)).toBe('渠道说：')
    expect(cardRefusal({ ...refused, provider_code: 'KEY_REPLACED' })).toContain('重新填一次')
    expect(cardRefusal({ ...refused, provider_code: 'MOVED_ON' })).toContain('不能确定')
    expect(cardRefusal({ ...refused, provider_code: 'WENT_TO_US' })).toContain('还没有收到')
    expect(panel(having({ state: 'refused', provider_code: 'ABNORMAL' })).text()).toContain('换一张卡')
  })
})

describe('the panel', () => {
  it('sends a card once and keeps nothing of it on this phone', async () => {
    vi.mocked(api.enterCard).mockRejectedValueOnce(problemFrom(503, {})).mockResolvedValue({} as DeskRefund)
    const page = panel(refund)
    await press(page, '改退到捐赠人的银行卡')
    await press(page, '提交')
    expect(api.enterCard).not.toHaveBeenCalled()
    expect(page.text()).toContain('请选一个')
    await page.findAll('[role="radio"]')[6].trigger('click')
    await types(page, '6225 8801 3765 4321', '王小明')
    await press(page, '提交')
    await flushPromises()
    await press(page, '提交')
    await flushPromises()
    const [first, second] = vi.mocked(api.enterCard).mock.calls
    expect(first.slice(0, 2)).toEqual(['R1', { bank_type: 'CMB_DEBIT', bank_account: '6225880137654321', real_name: '王小明' }])
    expect(second).toEqual(first)
    expect(JSON.stringify([...kept])).not.toMatch(/6225|王小明/)
    expect(page.emitted('changed')).toHaveLength(1)
    expect(page.find('input').exists()).toBe(false)
  })

  it('leaves nothing on this phone where the answer is lost either', async () => {
    const { enterCard } = await vi.importActual<typeof api>('@/services/deskApi')
    const sent = serverAnswers({ lost: 'request:fail timeout' })
    const form = { bank_type: 'CMB_DEBIT', bank_account: '6225880137654321', real_name: '王小明' }
    await expect(enterCard('R1', form, 'a-key-in-hand')).rejects.toMatchObject({ kind: 'timeout' })
    expect(sent[0].url).toContain('/desk/refunds/R1/cards')
    expect(sent[0].header['Idempotency-Key']).toBe('a-key-in-hand')
    expect(JSON.stringify([...kept])).not.toMatch(/6225|王小明/)
  })

  it('can be left without entering anything', async () => {
    const page = panel(refund)
    await press(page, '改退到捐赠人的银行卡')
    await press(page, '先不办')
    expect(page.find('input').exists()).toBe(false)
  })

  it('asks before it confirms, and before it takes back', async () => {
    const page = panel(having({}))
    await press(page, '确认这张卡')
    expect(page.text()).toContain('尾号 4321')
    await press(page, '已核对')
    await flushPromises()
    expect(api.confirmCard).toHaveBeenCalledWith('R1', 'C1')
    const other = panel(having({ is_mine: true }))
    await press(other, '收回这张卡')
    await press(other, '确定收回')
    await flushPromises()
    expect(api.withdrawCard).toHaveBeenCalledWith('R1', 'C1')
  })
})
