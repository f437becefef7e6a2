/** Cards for refunds that an account could not take: what is wrong with one, whose step is next; nothing of it is kept here. */
import { d, type DeskKey } from '@/i18n/desk'
import { textFaults, type Fault } from './deskFaults'
import { newKey } from './intent'
import type { CardForm, DeskAction, DeskRefund, RefundCard } from './deskTypes'
import { moment } from './time'

export type CardStep = 'confirm' | 'withdraw'
export interface CardDraft { bank: string; number: string; name: string }
export const NAME_MAX = 50
/** The banks whose debit cards the channel takes, by its own names. */
export const BANKS = [
  'ICBC_DEBIT', 'ABC_DEBIT', 'BOC_DEBIT', 'CCB_DEBIT', 'PSBC_DEBIT', 'COMM_DEBIT', 'CMB_DEBIT', 'CITIC_DEBIT',
  'CEB_DEBIT', 'CMBC_DEBIT', 'PAB_DEBIT', 'CIB_DEBIT', 'SPDB_DEBIT', 'GDB_DEBIT', 'NBCB_DEBIT',
] as const
export const bankName = (bank: (typeof BANKS)[number]): string => d(`bank.${bank}` as DeskKey)

/** Whether the card may still take the money: until then no other is asked for. */
export const isCardOpen = (card: RefundCard | null): boolean => !!card && ['entered', 'confirmed', 'taken'].includes(card.state)
const digits = (text: string): string => text.replace(/[\s-]/g, '')

/** Whether a card may be written down now: one at a time, and only where the account took nothing. */
export function mayEnter(refund: DeskRefund, can: (action: DeskAction) => boolean): boolean {
  return can('refunds.decide') && refund.state === 'abnormal' && !isCardOpen(refund.card)
}

/** The steps that somebody may take with the card; who wrote it down does not confirm it. */
export function cardSteps(refund: DeskRefund, can: (action: DeskAction) => boolean): CardStep[] {
  const { card } = refund
  if (!card || !can('refunds.decide')) return []
  if (card.state === 'entered') return card.is_mine ? ['withdraw'] : ['confirm', 'withdraw']
  return card.state === 'confirmed' ? ['withdraw'] : []
}

/** Who did what with it and when, oldest first. */
export function cardHands(card: RefundCard): { who: string; at: string }[] {
  return [
    { who: d('card.entered_by', { name: card.entered_by }), at: moment(card.entered_at) },
    ...(card.confirmed_by ? [{ who: d('card.confirmed_by', { name: card.confirmed_by }), at: moment(card.confirmed_at) }] : []),
  ]
}

/** Why the channel did not take it, in its own words; ours where a card was sealed for a key that is no longer used. */
export function cardRefusal(card: RefundCard): string {
  if (card.state !== 'refused') return ''
  if (card.provider_code === 'KEY_REPLACED') return d('card.key_replaced')
  if (card.provider_code === 'MOVED_ON') return d('card.moved_on')
  if (card.provider_code === 'WENT_TO_US') return d('card.went_to_us')
  if (card.provider_code === 'ABNORMAL') return d('card.takes_nothing')
  return d('card.refusal', { words: card.provider_words || card.provider_code || '' })
}

export function cardFaults(draft: CardDraft): Fault[] {
  const wrong = draft.number.trim() !== '' && !/^[0-9]{12,19}$/.test(digits(draft.number))
  return [
    ...(draft.bank ? [] : [{ field: 'bank_type', say: 'fault.choose' } as const]),
    ...(wrong ? [{ field: 'bank_account', say: 'fault.card' } as const] : textFaults('bank_account', draft.number, 40)),
    ...textFaults('real_name', draft.name, NAME_MAX),
  ]
}

export function cardForm(draft: CardDraft): CardForm {
  return { bank_type: draft.bank, bank_account: digits(draft.number), real_name: draft.name.trim() }
}

/** One key for one card, in memory alone: what is sent again after a lost answer is the same, what was changed is new. */
export function keyInHand(): (form: CardForm) => string {
  let said = ''
  let key = ''
  return (form) => {
    const now = JSON.stringify(form)
    if (now !== said) [said, key] = [now, newKey()]
    return key
  }
}
