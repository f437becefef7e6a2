/** Reconciliation at the desk: its part of the contract with the server, and the words for days and differences. */
import { d, type DeskKey } from '@/i18n/desk'
import { fenOf, amountFaults, dateFaults, textFaults, type Fault } from './deskFaults'
import { atDesk, deed } from './deskSession'
import type { Media } from './deskTypes'
import { yuan } from './money'
import type { List } from './types'

export type DayState = 'waiting' | 'fetched' | 'open' | 'closed' | 'sealed'
export type BillAnswer = 'ready' | 'none' | 'creating' | 'bad_hash' | 'unknown' | 'broken' | 'lacking'
export type DifferenceKind = 'missing' | 'extra' | 'amount' | 'fee' | 'refund' | 'fund'
export type DifferenceState = 'open' | 'proposed' | 'settled' | 'explained' | 'healed'
export type DifferenceAction = 'explain' | 'take_in' | 'cover'

/** One day of the payment channel: what its bill says, and how far its reconciliation is. */
export interface BilledDay {
  channel: string
  day: string
  version: number
  state: DayState
  answer: BillAnswer | null
  is_overdue: boolean
  payment_count: number
  paid_fen: number
  refund_count: number
  refunded_fen: number
  fee_fen: number
  closing_fen: number | null
  difference_count: number
  open_count: number
  fetched_at: string | null
  next_at: string | null
  closed_at: string | null
  closed_by: string | null
  seal: string | null
}

/** One thing that the bill tells otherwise than the ledger. `delta_fen`: what the bill says that we have more. */
export interface Difference {
  code: string
  kind: DifferenceKind
  state: DifferenceState
  note: string
  order_no: string | null
  transaction_no: string | null
  refund_no: string | null
  ours_fen: number | null
  theirs_fen: number | null
  delta_fen: number
  action: DifferenceAction | null
  reason: string | null
  is_mine: boolean
  proposed_by: string | null
  proposed_at: string | null
  decided_by: string | null
  decided_at: string | null
  actions: DifferenceAction[]
}

/** Money of the federation's own, set aside for fees. */
export interface OwnMoney {
  code: string
  amount_fen: number
  received_on: string
  reason: string
  voucher_url: string
  state: 'waiting' | 'approved' | 'withdrawn' | 'refused'
  is_mine: boolean
  proposed_by: string
  proposed_at: string
  approved_by: string | null
  approved_at: string | null
  end_reason: string | null
}

export interface FeeBox extends List<OwnMoney> { held_fen: number; waiting_fen: number }

const at = encodeURIComponent
type Cursor = string | null
const placeOf = (channel: string, day: string): string => `/desk/reconciliation/${at(channel)}/${at(day)}`

export const billedDays = (cursor: Cursor = null) => atDesk<List<BilledDay>>('GET', '/desk/reconciliation', { query: { cursor } })
export const billedDay = (channel: string, day: string) => atDesk<BilledDay>('GET', placeOf(channel, day))
export const differences = (channel: string, day: string, cursor: Cursor = null) =>
  atDesk<List<Difference>>('GET', `${placeOf(channel, day)}/differences`, { query: { cursor } })
export const closeDay = (channel: string, day: string) => deed<BilledDay>(`close:${channel}:${day}`, `${placeOf(channel, day)}/closing`)
export const reopenDay = (channel: string, day: string, reason: string) =>
  deed<BilledDay>(`reopen:${channel}:${day}`, `${placeOf(channel, day)}/reopening`, { reason })
export const goWithoutBill = (channel: string, day: string, reason: string) =>
  deed<BilledDay>(`no-bill:${channel}:${day}`, `${placeOf(channel, day)}/without-bill`, { reason })

export const proposeFor = (code: string, action: DifferenceAction, reason: string) =>
  deed<Difference>(`propose:${code}`, `/desk/differences/${at(code)}/proposals`, { action, reason })
export const approveDifference = (code: string) => deed<Difference>(`agree:${code}`, `/desk/differences/${at(code)}/approvals`)
export const takeBackDifference = (code: string, reason: string | null) =>
  deed<Difference>(`back:${code}`, `/desk/differences/${at(code)}/refusal`, { reason })

export const feeBox = (cursor: Cursor = null) => atDesk<FeeBox>('GET', '/desk/fees', { query: { cursor } })
export const recordOwnMoney = (form: object) => deed<OwnMoney>('own-money', '/desk/fees', form)
export const approveOwnMoney = (code: string) => deed<OwnMoney>(`own:${code}`, `/desk/fees/${at(code)}/approvals`)
export const endOwnMoney = (code: string, reason: string | null) =>
  deed<OwnMoney>(`own-end:${code}`, `/desk/fees/${at(code)}/refusal`, { reason })

export const REASON_MAX = 200

/** How a day stands, in words: a day that waits says for what. */
export function stateOf(day: BilledDay): string {
  if (day.state === 'waiting' && day.answer) return d(`bill.answer.${day.answer}` as DeskKey)
  if (day.state === 'open') return day.open_count ? d('bill.open', { n: day.open_count }) : d('bill.to_close')
  return d(`bill.state.${day.state}` as DeskKey)
}

export type DayStep = 'close' | 'reopen' | 'no_bill'

/** What a person may do with a day now. */
export function dayStepsOf(day: BilledDay): DayStep[] {
  if (day.state === 'open') return day.open_count ? [] : ['close']
  if (day.state === 'closed' || day.state === 'sealed') return ['reopen']
  return day.state === 'waiting' && day.is_overdue ? ['no_bill'] : []
}

export type DifferenceStep = DifferenceAction | 'approve' | 'refuse' | 'take_back'

/** What a person may do with a difference now: a proposal of one's own is taken back, another's approved or refused. */
export function differenceStepsOf(one: Difference): DifferenceStep[] {
  if (one.state !== 'proposed') return one.actions
  return one.is_mine ? ['take_back'] : ['approve', 'refuse']
}

export const needsReason = (step: DifferenceStep | DayStep): boolean => step !== 'approve' && step !== 'take_back' && step !== 'close'

/** An amount that may be told by one side only. */
export function fenOrNone(fen: number | null): string {
  return fen === null ? d('bill.nothing') : yuan(fen)
}

export interface OwnMoneyDraft { amount: string; received_on: string; reason: string; voucher: Media | null }

export const blankOwnMoney = (today: string): OwnMoneyDraft => ({ amount: '', received_on: today, reason: '', voucher: null })

export function ownMoneyFaults(draft: OwnMoneyDraft, today: string): Fault[] {
  const dated = dateFaults('received_on', draft.received_on)
  const faults: Fault[] = [
    ...(draft.voucher ? [] : [{ field: 'voucher_media', say: 'fault.voucher' } as const]),
    ...amountFaults('amount_fen', draft.amount),
    ...dated,
    ...textFaults('reason', draft.reason, REASON_MAX),
  ]
  if (!dated.length && draft.received_on > today) faults.push({ field: 'received_on', say: 'fault.date.future' })
  return faults
}

export function ownMoneyForm(draft: OwnMoneyDraft): object {
  const { received_on, reason } = draft
  return { amount_fen: fenOf(draft.amount), received_on, reason: reason.trim(), voucher_media: draft.voucher?.code ?? '' }
}
