/** What the server answers at the desk. Amounts are whole fen, times ISO 8601. */
import type { GiftRefund, ProjectCard, ProjectKind, RegionName, SpendingLine } from './types'

export type DeskAction =
  | 'projects.read' | 'projects.publish' | 'projects.end' | 'progress.post' | 'spending.record' | 'spending.correct'
  | 'activities.read' | 'activities.open' | 'activities.run' | 'posters.read' | 'posters.make' | 'links.revoke'
  | 'refunds.read' | 'refunds.ask' | 'refunds.decide'
  | 'payouts.read' | 'payouts.propose' | 'payouts.approve' | 'unallocated.read' | 'unallocated.reallocate'
  | 'words.read' | 'words.decide' | 'reconciliation.read' | 'reconciliation.decide' | 'fees.fund' | 'media.upload' | 'audit.read'
  | 'alerts.read' | 'alerts.act' | 'outbox.read' | 'outbox.act'
  | 'vault.open' | 'openings.read'

export interface Desk {
  staff: { name: string; role: string; region: { code: string; name: string } }
  actions: string[]
  /** The account must set up its second factor before anything else. */
  must_set_factor: boolean
  token?: string
}

/** A picture that the server has taken and made clean. */
export interface Media { code: string; url: string }

export interface DeskOrganisation { code: string; name: string; uscc?: string; fundraising_certificate: string | null }

/** The ready form as the server reads it (Annex 2). A village's fund has no target, no end and no plan. */
export interface ProjectForm {
  title: string
  kind: ProjectKind
  kind_reason?: string
  village_code: string
  address?: string
  village_profile: string
  summary: string
  story: string
  decision: { met_on: string; attendees: number; in_favour: number; note: string }
  person_in_charge: string
  phone: string
  target_fen?: number
  starts_on: string
  ends_on?: string
  plan?: { title: string; amount_fen: number }[]
  organisation_code: string
  filing_number: string
  cover_media?: string
  truth_pledged: boolean
}

export type Channel = 'bank' | 'cash'
export interface SpendingForm { title: string; amount_fen: number; spent_on: string; channel: Channel; voucher_media: string }
export interface CorrectionForm { amount_fen: number; reason: string }
export interface ProgressForm { text: string; photo_media?: string }
export interface ActivityForm {
  village_code: string
  title: string
  place: string
  starts_at: string
  ends_at: string
  seats: number
  target: string
  content: string
  leader_name: string
}
export interface ConfirmationForm { person_code: string; minutes: number; reason: string }

/** The code that stands on the leader's phone for this half minute. */
export interface LiveCode { code: string; valid_until: string; url: string; qr_url: string }

export type RollState = 'signed_up' | 'checked_in' | 'served' | 'awaiting_confirmation'
/** A volunteer under eighteen: the guardian's name and number are masked; `agreed_at` null where no consent stands. */
export interface RollMinor {
  band: '14_17' | 'under_14'
  guardian_name: string | null
  guardian_phone: string | null
  agreed_at: string | null
}
export interface RollLine {
  person_code: string
  /** Masked; null for who told none, or had it forgotten. */
  name: string | null
  signed_up_at: string
  state: RollState
  minutes: number | null
  checked_in_at: string | null
  checked_out_at: string | null
  is_confirmed: boolean
  minor: RollMinor | null
}

export interface Poster {
  code: string
  url: string
  poster_number: string | null
  place: string | null
  made_at: string
  revoked_at: string | null
  revoked_for: string | null
  poster_url: string
  pdf_url: string
}

/** What became of a payout: money, or one of three ends without. */
export type PayoutState = 'waiting' | 'approved' | 'withdrawn' | 'refused' | 'closed'
export interface Payout {
  code: string
  project_code: string
  project_title: string
  village_code: string
  village: { code: string; name: string; parents: RegionName[] }
  amount_fen: number
  state: PayoutState
  is_mine: boolean
  proposed_by: string
  proposed_at: string
  approved_by: string | null
  approved_at: string | null
  ended_by: string | null
  ended_at: string | null
  end_reason: string | null
}

/** A refund at the desk; `is_mine`: who asks has a hand in it and does not approve it (again). */
export interface DeskRefund extends GiftRefund {
  gift_code: string
  project_code: string
  project_title: string
  village: { code: string; name: string; parents: RegionName[] }
  paid_fen: number
  paid_at: string
  free_fen: number
  is_redirected: boolean
  is_mine: boolean
  asked_by: string | null
  checked_by: string | null
  checked_at: string | null
  approved_by: string | null
  refused_by: string | null
  provider_refund_no: string | null
  provider_code: string | null
  card: RefundCard | null
}
/** The newest card of a refund that the account could not take; `is_mine`: who asks wrote it down. */
export interface RefundCard {
  code: string
  state: 'entered' | 'confirmed' | 'taken' | 'done' | 'refused' | 'withdrawn'
  bank: string
  card_tail: string
  is_mine: boolean
  entered_by: string
  entered_at: string
  confirmed_by: string | null
  confirmed_at: string | null
  goes_at: string | null
  ended_at: string | null
  provider_code: string | null
  provider_words: string | null
}
export interface CardForm { bank_type: string; bank_account: string; real_name: string }
export type RefundsWanted = 'open' | 'abnormal' | 'all'
export interface RefundForm { gift_code: string; amount_fen: number; reason: string }

/** That somebody was shown a person's own words; `row` is what they belong to, `reason` is null for reading held words. */
export interface DeskOpening {
  opened_at: string
  staff_name: string
  staff_code: string
  staff_role: string
  staff_place: string
  person_code: string | null
  labels: string[]
  row: string
  purpose: 'asked' | 'review' | 'command'
  reason: string | null
  request_id: string
}

/** A project or fund by name, as far as choosing it needs. */
export type PurseName = Pick<ProjectCard, 'code' | 'title' | 'village_name' | 'state'>

export interface WaitingMoney {
  reference: string
  amount_fen: number
  channel: string | null
  provider_date: string | null
  posted_at: string
  /** The last day of its term; overdue once that day is over. */
  due_on: string
  is_overdue: boolean
  meant_for: PurseName | null
  offers: PurseName[]
}

export type DeskSpending = SpendingLine

/** Words that nobody else sees until somebody has read them. `version` says which words were read. */
export interface HeldWords {
  code: string
  kind: 'gift' | 'share'
  village: { code: string; name: string; parents: RegionName[] }
  name: string | null
  message: string | null
  version: number
  held_for: 'review' | 'risky' | 'no_account' | 'not_visited' | 'silent' | 'refused'
  label: number | null
  submitted_at: string
}
