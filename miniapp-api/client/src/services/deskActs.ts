/** The short forms of the desk: what is typed, what is wrong with it, and what is sent. */
import { amountFaults, dateFaults, fenOf, textFaults, whole, wholeFaults, type Fault } from './deskFaults'
import { instantOf, isTime, minutesBetween } from './deskDates'
import type { ActivityForm, Channel, ConfirmationForm, CorrectionForm, Media, ProgressForm, SpendingForm } from './deskTypes'
import type { Project, SpendingLine } from './types'

const SEATS_MAX = 1000
const DAY_MINUTES_MAX = 12 * 60

export interface SpendingDraft { title: string; amount: string; spent_on: string; channel: Channel; voucher: Media | null }

export function blankSpending(today: string): SpendingDraft {
  return { title: '', amount: '', spent_on: today, channel: 'bank', voucher: null }
}

/** Of a spending: a day that has come and not before the project began, and no more than the village holds. */
export function spendingFaults(draft: SpendingDraft, project: Project, today: string): Fault[] {
  const dated = dateFaults('spent_on', draft.spent_on)
  const faults = [
    ...(draft.voucher ? [] : [{ field: 'voucher_media', say: 'fault.voucher' } as const]),
    ...textFaults('title', draft.title, 60),
    ...amountFaults('amount_fen', draft.amount),
    ...dated,
  ]
  if (fenOf(draft.amount) > project.figures.with_village_fen) faults.push({ field: 'amount_fen', say: 'fault.over_balance' })
  if (!dated.length && draft.spent_on > today) faults.push({ field: 'spent_on', say: 'fault.date.future' })
  const early = project.starts_on !== null && draft.spent_on < project.starts_on
  if (!dated.length && early) faults.push({ field: 'spent_on', say: 'fault.date.before_start', params: { day: project.starts_on ?? '' } })
  return faults
}

export function spendingForm(draft: SpendingDraft): SpendingForm {
  const { spent_on, channel } = draft
  return { title: draft.title.trim(), amount_fen: fenOf(draft.amount), spent_on, channel, voucher_media: draft.voucher?.code ?? '' }
}

export interface CorrectionDraft { amount: string; reason: string }

/** What of a line can still be given back. */
export function correctable(line: Pick<SpendingLine, 'amount_fen' | 'corrected_fen'>): number {
  return line.amount_fen - (line.corrected_fen ?? 0)
}

export function correctionFaults(draft: CorrectionDraft, left_fen: number): Fault[] {
  const faults = [...amountFaults('amount_fen', draft.amount), ...textFaults('reason', draft.reason, 200)]
  if (fenOf(draft.amount) > left_fen) faults.push({ field: 'amount_fen', say: 'fault.over_line' })
  return faults
}

export function correctionForm(draft: CorrectionDraft): CorrectionForm {
  return { amount_fen: fenOf(draft.amount), reason: draft.reason.trim() }
}

export interface ProgressDraft { text: string; photo: Media | null }

export function progressFaults(draft: ProgressDraft): Fault[] {
  return textFaults('text', draft.text, 2000)
}

export function progressForm(draft: ProgressDraft): ProgressForm {
  return { text: draft.text.trim(), ...(draft.photo ? { photo_media: draft.photo.code } : {}) }
}

export interface ActivityDraft {
  village_code: string
  village_name: string
  title: string
  place: string
  date: string
  from: string
  until: string
  seats: string
  target: string
  content: string
  leader_name: string
}

export function blankActivity(): ActivityDraft {
  return {
    village_code: '', village_name: '', title: '', place: '', date: '', from: '', until: '', seats: '', target: '',
    content: '', leader_name: '',
  }
}

function timeFaults(draft: ActivityDraft, now_ms: number): Fault[] {
  const faults = [
    ...dateFaults('date', draft.date),
    ...(isTime(draft.from) ? [] : [{ field: 'starts_at', say: 'fault.time' } as const]),
    ...(isTime(draft.until) ? [] : [{ field: 'ends_at', say: 'fault.time' } as const]),
  ]
  if (faults.length) return faults
  if (minutesBetween(draft.from, draft.until) <= 0) return [{ field: 'ends_at', say: 'fault.time.order' }]
  return Date.parse(instantOf(draft.date, draft.until)) <= now_ms ? [{ field: 'ends_at', say: 'fault.time.past' }] : []
}

export function activityFaults(draft: ActivityDraft, now_ms: number): Fault[] {
  return [
    ...(draft.village_code ? [] : [{ field: 'village_code', say: 'fault.choose' } as const]),
    ...textFaults('title', draft.title, 60),
    ...textFaults('place', draft.place, 60),
    ...timeFaults(draft, now_ms),
    ...wholeFaults('seats', draft.seats, 1, SEATS_MAX),
    ...textFaults('target', draft.target, 60),
    ...textFaults('content', draft.content, 1000),
    ...textFaults('leader_name', draft.leader_name, 20),
  ]
}

export function activityForm(draft: ActivityDraft): ActivityForm {
  return {
    village_code: draft.village_code,
    title: draft.title.trim(),
    place: draft.place.trim(),
    starts_at: instantOf(draft.date, draft.from),
    ends_at: instantOf(draft.date, draft.until),
    seats: whole(draft.seats),
    target: draft.target.trim(),
    content: draft.content.trim(),
    leader_name: draft.leader_name.trim(),
  }
}

export interface ConfirmationDraft { minutes: string; reason: string }

/** The most that may be confirmed: from the check-in to the planned end, and never more than twelve hours. */
export function minutesMost(checked_in_at: string, ends_at: string): number {
  const between = Math.floor((Date.parse(ends_at) - Date.parse(checked_in_at)) / 60_000)
  return Math.max(0, Math.min(between, DAY_MINUTES_MAX))
}

export function confirmationFaults(draft: ConfirmationDraft, most: number): Fault[] {
  return [...wholeFaults('minutes', draft.minutes, 0, most), ...textFaults('reason', draft.reason, 100)]
}

export function confirmationForm(draft: ConfirmationDraft, person_code: string): ConfirmationForm {
  return { person_code, minutes: whole(draft.minutes), reason: draft.reason.trim() }
}

export function payoutFaults(amount: string, with_nation_fen: number): Fault[] {
  const faults = amountFaults('amount_fen', amount)
  if (fenOf(amount) > with_nation_fen) faults.push({ field: 'amount_fen', say: 'fault.over_nation' })
  return faults
}
