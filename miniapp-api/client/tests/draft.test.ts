/** A gift is complete with an amount alone; everything else is the giver's to choose. */
import { describe, expect, it } from 'vitest'
import { amountChoices, displayChoices } from '@/services/choices'
import { faultsOf, orderOf, useDraft, type Draft } from '@/services/draft'

const blank: Draft = { chip: '', free: '', display: 'anonymous', name: '', hide_amount: false, message: '' }

describe('a draft', () => {
  it.each([
    [{}, ['amount.empty'], 'no amount yet'],
    [{ chip: '5000' }, [], 'a chip is enough'],
    [{ free: '0.01' }, [], 'one fen is a gift'],
    [{ free: '1.001' }, ['amount.too_fine'], 'finer than a fen'],
    [{ chip: '5000', display: 'nickname' }, ['name.empty'], 'a nickname wants a name'],
    [{ chip: '5000', display: 'real_name', name: '名'.repeat(21) }, ['name.long'], 'a name too long'],
    [{ chip: '5000', display: 'real_name', name: '👵'.repeat(20) }, [], 'twenty signs, whatever they weigh'],
    [{ chip: '5000', message: '话'.repeat(101) }, ['message.long'], 'a message too long'],
  ] as [Partial<Draft>, string[], string][])('%o has faults %o: %s', (part, faults) => {
    expect(faultsOf({ ...blank, ...part })).toEqual(faults)
  })

  it('sends what was chosen and nothing else', () => {
    expect(orderOf({ ...blank, chip: '5000' })).toEqual({ amount_fen: 5000, display: 'anonymous', hide_amount: false })
    const full: Draft = { chip: '', free: '19.99', display: 'nickname', name: ' 王家大嫂 ', hide_amount: true, message: ' 加油 ' }
    expect(orderOf(full, 'L1')).toEqual({
      amount_fen: 1999, display: 'nickname', hide_amount: true, name: '王家大嫂', message: '加油', via: 'L1',
    })
  })

  it('says that no receipt is wanted only where the giver said so', () => {
    expect(orderOf({ ...blank, chip: '5000', waives_receipt: false })).not.toHaveProperty('waives_receipt')
    expect(orderOf({ ...blank, chip: '5000', waives_receipt: true })).toHaveProperty('waives_receipt', true)
  })

  it('of an anonymous giver never carries the name typed before', () => {
    expect(orderOf({ ...blank, chip: '1000', name: '王家大嫂' })).not.toHaveProperty('name')
  })

  it('follows the choices while they are made', () => {
    const { draft, fen, faults } = useDraft()
    expect(fen.value).toBeNull()
    draft.chip = '1000'
    expect([fen.value, faults.value]).toEqual([1000, []])
  })
})

it('offers six amounts and three ways to be named', () => {
  expect(amountChoices().map((choice) => choice.text)).toEqual(['10', '20', '50', '100', '200', '500'])
  expect(displayChoices().map((choice) => choice.text)).toEqual(['匿名', '昵称', '实名'])
})
