/** Asking for a gift back: what is wrong with a request, which rows of figures say something, what can be withdrawn. */
import { t } from '@/i18n'
import { m } from '@/i18n/mine'
import { parseYuan, yuan } from './money'
import type { GiftRefunds, RefundState } from './types'

export const REASON_LIMIT = 200
const WAITING: RefundState[] = ['asked', 'checked']

export interface RefundDraft { amount: string; reason: string }

/** What is wrong with a request, by field, in words. */
export function refundFaults(draft: RefundDraft, free_fen: number): Partial<Record<'amount' | 'reason', string>> {
  const read = parseYuan(draft.amount)
  const length = Array.from(draft.reason.trim()).length
  const over = 'fen' in read && read.fen > free_fen
  return {
    ...('fault' in read ? { amount: read.fault === 'empty' ? m('refund.fault.amount') : t(`fault.amount.${read.fault}`) } : {}),
    ...(over ? { amount: m('refund.fault.over', { amount: yuan(free_fen) }) } : {}),
    ...(length === 0 ? { reason: m('refund.fault.reason') } : {}),
    ...(length > REASON_LIMIT ? { reason: m('refund.fault.reason_long', { n: REASON_LIMIT }) } : {}),
  }
}

export function refundForm(draft: RefundDraft): { amount_fen: number; reason: string } {
  const read = parseYuan(draft.amount)
  return { amount_fen: 'fen' in read ? read.fen : 0, reason: draft.reason.trim() }
}

const PARTS = ['free', 'to_village', 'to_fund', 'refunding', 'refunded'] as const
export type RefundPart = (typeof PARTS)[number]

/** Where the fen of a gift are; what is free is always said, the rest where there is some. */
export function partsOf(found: GiftRefunds): { part: RefundPart; fen: number }[] {
  return PARTS.map((part) => ({ part, fen: found[`${part}_fen`] })).filter((one) => one.part === 'free' || one.fen > 0)
}

export function canWithdraw(state: RefundState): boolean {
  return WAITING.includes(state)
}
