/** Refunds at the desk: whose step is next, the hands that it went through, and what is wrong with a request. */
import { d } from '@/i18n/desk'
import { amountFaults, fenOf, textFaults, type Fault } from './deskFaults'
import type { DeskAction, DeskRefund, RefundForm } from './deskTypes'
import { moment } from './time'

export type RefundStep = 'check' | 'approve' | 'refuse' | 'question'
export const REASON_MAX = 200
const UNDER_WAY = ['approved', 'processing', 'abnormal']

/** The steps that somebody may take now; what is more than is free can only be refused. */
export function stepsOf(refund: DeskRefund, can: (action: DeskAction) => boolean): RefundStep[] {
  if (!can('refunds.decide')) return []
  if (UNDER_WAY.includes(refund.state)) return ['question']
  const fits = refund.amount_fen <= refund.free_fen
  if (refund.is_mine) return []
  if (refund.state === 'asked') return fits ? ['check', 'refuse'] : ['refuse']
  if (refund.state === 'checked') return fits ? ['approve', 'refuse'] : ['refuse']
  return []
}

export const waits = (refund: DeskRefund): boolean => refund.state === 'asked' || refund.state === 'checked'

/** Who did what with it and when, oldest first. */
export function handsOf(refund: DeskRefund): { who: string; at: string }[] {
  const { asked_by, checked_by, approved_by, refused_by } = refund
  return [
    { who: asked_by ? d('refund.asked_by', { name: asked_by }) : d('refund.asked_by_giver'), at: moment(refund.asked_at) },
    ...(checked_by ? [{ who: d('refund.checked_by', { name: checked_by }), at: moment(refund.checked_at) }] : []),
    ...(approved_by ? [{ who: d('refund.approved_by', { name: approved_by }), at: moment(refund.approved_at) }] : []),
    ...(refused_by ? [{ who: d('refund.refused_by', { name: refused_by }), at: moment(refund.ended_at) }] : []),
  ]
}

/** The numbers by which a refund is found at the channel, and its word for what went wrong. */
export function numbersOf(refund: DeskRefund): string[] {
  return [
    ...(refund.refund_no ? [d('refund.number', { no: refund.refund_no })] : []),
    ...(refund.provider_refund_no ? [d('refund.provider_number', { no: refund.provider_refund_no })] : []),
    ...(refund.provider_code ? [d('refund.provider_code', { code: refund.provider_code })] : []),
  ]
}

export interface RefundDraft { gift: string; amount: string; reason: string }

export function requestFaults(draft: RefundDraft): Fault[] {
  const code = draft.gift.trim()
  const wrong = code !== '' && !/^[0-9A-Za-z]{1,16}$/.test(code)
  return [
    ...(wrong ? [{ field: 'gift_code', say: 'fault.gift_code' } as const] : textFaults('gift_code', code, 16)),
    ...amountFaults('amount_fen', draft.amount),
    ...textFaults('reason', draft.reason, REASON_MAX),
  ]
}

export function requestForm(draft: RefundDraft): RefundForm {
  return { gift_code: draft.gift.trim(), amount_fen: fenOf(draft.amount), reason: draft.reason.trim() }
}
