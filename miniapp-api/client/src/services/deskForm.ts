/** The ready form of a project (Annex 2) while it is being filled in on a phone: steps, faults, and what to send. */
import { amountFaults, dateFaults, fenOf, textFaults, whole, wholeFaults, type Fault } from './deskFaults'
import { daysBetween } from './deskDates'
import type { Media, ProjectForm } from './deskTypes'
import type { ProjectKind } from './types'

export interface PlanDraft { title: string; amount: string }

export interface ProjectDraft {
  step: number
  kind: ProjectKind | ''
  kind_reason: string
  title: string
  summary: string
  village_code: string
  village_name: string
  address: string
  village_profile: string
  story: string
  met_on: string
  attendees: string
  in_favour: string
  note: string
  target: string
  starts_on: string
  ends_on: string
  plan: PlanDraft[]
  person_in_charge: string
  phone: string
  organisation_code: string
  organisation_name: string
  filing_number: string
  cover: Media | null
  pledged: boolean
}

export const KINDS: ProjectKind[] = [
  'public_works', 'elder_support', 'orphans_disabled', 'relief_fund', 'public_service', 'other', 'mutual_aid_fund',
]
export const STEPS = ['what', 'village', 'decision', 'money', 'people', 'check'] as const
export const LIMIT = {
  title: 40, summary: 200, story: 10_000, village_profile: 5000, note: 2000, address: 120, kind_reason: 200,
  plan_title: 60, person_in_charge: 40, filing_number: 60,
}
export const PLAN_LINES_MAX = 50
const PEOPLE_MAX = 100_000
const DAYS_MAX = 3 * 366
const USUAL_DAYS = 366
const PHONE = /^\+?[0-9][0-9 -]{5,17}[0-9]$/

/** Which step a field stands on, by its name in the contract: a refusal of the server leads back there. */
const FIELDS: string[][] = [
  ['kind', 'kind_reason', 'title', 'summary'],
  ['village_code', 'address', 'village_profile', 'story'],
  ['decision', 'decision.met_on', 'decision.attendees', 'decision.in_favour', 'decision.note'],
  ['target_fen', 'starts_on', 'ends_on', 'plan'],
  ['person_in_charge', 'phone', 'organisation_code', 'filing_number', 'cover_media'],
  ['truth_pledged'],
]

export function blank(today: string): ProjectDraft {
  return {
    step: 0, kind: '', kind_reason: '', title: '', summary: '', village_code: '', village_name: '', address: '',
    village_profile: '', story: '', met_on: '', attendees: '', in_favour: '', note: '', target: '', starts_on: today,
    ends_on: '', plan: [{ title: '', amount: '' }], person_in_charge: '', phone: '', organisation_code: '',
    organisation_name: '', filing_number: '', cover: null, pledged: false,
  }
}

export function isFund(draft: ProjectDraft): boolean {
  return draft.kind === 'mutual_aid_fund'
}

/** The step on which a field is typed; the last one, where all is read again, for a name that is not known. */
export function stepOf(field: string): number {
  const step = FIELDS.findIndex((fields) => fields.includes(field) || fields.includes(field.split('.')[0]))
  return step < 0 ? STEPS.length - 1 : step
}

export interface PlanSum { sum_fen: number; target_fen: number; gap_fen: number }

/** What the lines sum to, and what is missing to the target (below zero: too much). */
export function planSum(draft: Pick<ProjectDraft, 'plan' | 'target'>): PlanSum {
  const sum_fen = draft.plan.reduce((sum, line) => sum + fenOf(line.amount), 0)
  const target_fen = fenOf(draft.target)
  return { sum_fen, target_fen, gap_fen: target_fen - sum_fen }
}

function whatFaults(draft: ProjectDraft): Fault[] {
  return [
    ...(draft.kind ? [] : [{ field: 'kind', say: 'fault.choose' } as const]),
    ...textFaults('kind_reason', draft.kind_reason, LIMIT.kind_reason, draft.kind === 'other'),
    ...textFaults('title', draft.title, LIMIT.title),
    ...textFaults('summary', draft.summary, LIMIT.summary),
  ]
}

function villageFaults(draft: ProjectDraft): Fault[] {
  return [
    ...(draft.village_code ? [] : [{ field: 'village_code', say: 'fault.choose' } as const]),
    ...textFaults('address', draft.address, LIMIT.address, false),
    ...textFaults('village_profile', draft.village_profile, LIMIT.village_profile),
    ...textFaults('story', draft.story, LIMIT.story),
  ]
}

function decisionFaults(draft: ProjectDraft, today: string): Fault[] {
  const came = whole(draft.attendees)
  const votes = whole(draft.in_favour)
  const met = dateFaults('decision.met_on', draft.met_on)
  const faults = [
    ...met,
    ...wholeFaults('decision.attendees', draft.attendees, 1, PEOPLE_MAX),
    ...wholeFaults('decision.in_favour', draft.in_favour, 1, PEOPLE_MAX),
    ...textFaults('decision.note', draft.note, LIMIT.note),
  ]
  if (!met.length && draft.met_on > today) faults.push({ field: 'decision.met_on', say: 'fault.date.future' })
  if (votes > came) faults.push({ field: 'decision.in_favour', say: 'fault.votes.more' })
  else if (votes * 2 <= came) faults.push({ field: 'decision.in_favour', say: 'fault.votes.few' })
  return faults
}

function periodFaults(draft: ProjectDraft, today: string): Fault[] {
  const faults = [...dateFaults('starts_on', draft.starts_on), ...dateFaults('ends_on', draft.ends_on)]
  if (faults.length) return faults
  if (draft.ends_on < draft.starts_on) return [{ field: 'ends_on', say: 'fault.period.order' }]
  if (draft.ends_on < today) return [{ field: 'ends_on', say: 'fault.period.past' }]
  return daysBetween(draft.starts_on, draft.ends_on) >= DAYS_MAX ? [{ field: 'ends_on', say: 'fault.period.long' }] : []
}

function planFaults(draft: ProjectDraft): Fault[] {
  const lines = draft.plan.flatMap((line, index) => [
    ...textFaults(`plan.${index}.title`, line.title, LIMIT.plan_title),
    ...amountFaults(`plan.${index}.amount`, line.amount),
  ])
  if (lines.length || amountFaults('', draft.target).length) return lines
  return planSum(draft).gap_fen === 0 ? [] : [{ field: 'plan', say: 'fault.plan.sum' }]
}

function moneyFaults(draft: ProjectDraft, today: string): Fault[] {
  if (isFund(draft)) return dateFaults('starts_on', draft.starts_on)
  return [...amountFaults('target_fen', draft.target), ...periodFaults(draft, today), ...planFaults(draft)]
}

function peopleFaults(draft: ProjectDraft): Fault[] {
  const phone = draft.phone.trim()
  return [
    ...textFaults('person_in_charge', draft.person_in_charge, LIMIT.person_in_charge),
    ...(PHONE.test(phone) ? [] : [{ field: 'phone', say: phone ? 'fault.phone' : 'fault.empty' } as const]),
    ...(draft.organisation_code ? [] : [{ field: 'organisation_code', say: 'fault.choose' } as const]),
    ...textFaults('filing_number', draft.filing_number, LIMIT.filing_number),
  ]
}

/** What is wrong on one step. */
export function faultsOn(step: number, draft: ProjectDraft, today: string): Fault[] {
  const of = [
    () => whatFaults(draft),
    () => villageFaults(draft),
    () => decisionFaults(draft, today),
    () => moneyFaults(draft, today),
    () => peopleFaults(draft),
    () => (draft.pledged ? [] : [{ field: 'truth_pledged', say: 'fault.pledge' } as const]),
  ][step]
  return of()
}

/** The first step that is not whole yet; null when the form can be sent. */
export function firstBadStep(draft: ProjectDraft, today: string): number | null {
  const step = STEPS.findIndex((_name, index) => faultsOn(index, draft, today).length > 0)
  return step < 0 ? null : step
}

/** Longer than the usual year: allowed, and said so before publishing. */
export function isLong(draft: ProjectDraft): boolean {
  const dated = !dateFaults('', draft.starts_on).length && !dateFaults('', draft.ends_on).length
  return !isFund(draft) && dated && daysBetween(draft.starts_on, draft.ends_on) + 1 > USUAL_DAYS
}

/** The summary stands on cards and posters: line breaks become spaces. */
function oneLine(text: string): string {
  return text.trim().replace(/\s*\n\s*/g, ' ')
}

/** What the server is told; only to be asked of a draft without faults. */
export function formOf(draft: ProjectDraft): ProjectForm {
  const money = isFund(draft)
    ? {}
    : {
        target_fen: fenOf(draft.target),
        ends_on: draft.ends_on,
        plan: draft.plan.map((line) => ({ title: line.title.trim(), amount_fen: fenOf(line.amount) })),
      }
  return {
    title: draft.title.trim(),
    kind: draft.kind as ProjectKind,
    ...(draft.kind === 'other' ? { kind_reason: draft.kind_reason.trim() } : {}),
    village_code: draft.village_code,
    ...(draft.address.trim() ? { address: draft.address.trim() } : {}),
    village_profile: draft.village_profile.trim(),
    summary: oneLine(draft.summary),
    story: draft.story.trim(),
    decision: {
      met_on: draft.met_on,
      attendees: whole(draft.attendees),
      in_favour: whole(draft.in_favour),
      note: draft.note.trim(),
    },
    person_in_charge: draft.person_in_charge.trim(),
    phone: draft.phone.trim(),
    starts_on: draft.starts_on,
    ...money,
    organisation_code: draft.organisation_code,
    filing_number: draft.filing_number.trim(),
    ...(draft.cover ? { cover_media: draft.cover.code } : {}),
    truth_pledged: draft.pledged,
  }
}

/** What the next form of the same village need not be told again. */
export function reusable(draft: ProjectDraft): Partial<ProjectDraft> {
  const { address, village_profile, person_in_charge, phone, organisation_code, organisation_name } = draft
  return { address, village_profile, person_in_charge, phone, organisation_code, organisation_name }
}
