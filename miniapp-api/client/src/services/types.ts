/** What the server answers, by the contract in openapi.json. Amounts are whole fen, times ISO 8601. */

export * from './giftTypes'
export interface List<T> { items: T[]; next_cursor: string | null }
export type RegionLevel = 'province' | 'city' | 'county' | 'township' | 'village'
export interface RegionName { code: string; name: string; level: RegionLevel }
export interface RegionRow extends RegionName { has_children: boolean }
export interface Region extends RegionName { parents: RegionName[] }
export interface FoundRegion extends Region { has_fund: boolean }

export interface VillageRow {
  code: string
  name: string
  parents: RegionName[]
  fund_code: string | null
  received_fen: number
  project_count: number
  demo: boolean
}

export interface Figures {
  received_fen: number
  with_nation_fen: number
  in_transit_fen: number
  with_village_fen: number
  spent_fen: number
  /** The part of what the nation holds that is promised back to givers, and what went back to them. */
  refunding_fen?: number
  refunded_fen?: number
  /** Of a project; inside a village as a whole nothing moves away. */
  moved_to_fund_fen?: number
}

export type ProjectState = 'collecting' | 'ended' | 'closed'
export type ProjectKind =
  | 'public_works' | 'elder_support' | 'orphans_disabled' | 'relief_fund' | 'public_service' | 'other' | 'mutual_aid_fund'

export interface ProjectCard {
  code: string
  title: string
  kind: ProjectKind
  village_code: string
  village_name: string
  state: ProjectState
  target_fen: number | null
  received_fen: number
  gift_count: number
  ends_on: string | null
  cover_url: string | null
  demo: boolean
}

export interface SpendingLine {
  code: string
  number: number | string
  title: string
  amount_fen: number
  spent_on: string
  voucher_url: string | null
  corrected_fen: number | null
  reference: string
  position: number | null
}

export interface ProgressPost { code: string; text: string; photo_url: string | null; posted_at: string; posted_by: string }
export interface GiftLine {
  code: string
  name: string
  amount_fen: number | null
  /** Whether it went back to its giver; missing where an older answer is still about. */
  refund?: 'none' | 'part' | 'whole'
  message: string | null
  paid_at: string
  via_share: boolean
}

export type NoticeKind = 'monthly' | 'project_end'
export interface NoticeCard {
  code: string
  kind: NoticeKind
  scope: 'village' | 'project'
  scope_code: string
  title: string
  period: string
  version: number
  published_at: string
  due_on: string | null
  corrects: string | null
  corrected_by: string | null
}

export interface NoticeSpending {
  number: number | string
  title: string
  amount_fen: number
  spent_on: string
  voucher_url: string | null
  reference: string
  position: number | null
  project_code: string
}

export interface NoticeCorrection extends NoticeSpending { reason: string }

export interface Notice extends NoticeCard {
  demo: boolean
  correction_reason: string | null
  opening_position: number
  cut_off_position: number
  figures: {
    opening_fen: number
    received: { source: string; amount_fen: number; count: number }[]
    spent: NoticeSpending[]
    corrections: NoticeCorrection[]
    later_corrections: NoticeCorrection[]
    purses: { code: string; title: string }[]
    refunded_fen: number
    refunding_fen: number
    moved_to_fund_fen: number
    other_fen: number
    paid_out_fen: number
    in_transit_fen: number
    with_nation_fen: number
    with_village_fen: number
    closing_fen: number
  }
}

export interface Organisation { name: string; uscc: string; fundraising_certificate: string }
export interface Refusal { code: string; detail: string }

export interface Decision { met_on: string; attendees: number; in_favour: number; note: string }

export interface Project extends ProjectCard {
  summary: string
  story: string
  village_profile: string
  decision: Decision | null
  village: { code: string; name: string; parents: RegionName[] }
  organisation: Organisation | null
  filing_number: string | null
  starts_on: string | null
  plan: { title: string; amount_fen: number }[]
  contact: { name: string; phone_masked: string } | null
  surplus_rule: 'to_fund'
  accepts_gifts: boolean
  refusal: Refusal | null
  figures: Figures
  spending: SpendingLine[]
  progress: ProgressPost[]
  gifts: GiftLine[]
  latest_notice: NoticeCard | null
}

export interface LedgerRow {
  position: number
  posted_at: string
  reason: string
  source: string
  target: string
  amount_fen: number
  reference: string
}

export type TargetKind = 'project' | 'village'
/** What a link leads to. */
export interface LinkView {
  kind: 'project' | 'village' | 'poster' | 'share'
  target: { kind: TargetKind; code: string; title: string }
  sharer_name: string | null
  poster_number: string | null
}
export interface ShareLink { code: string; url: string; qr_url: string; card_url: string; poster_url: string }
export interface MyShare {
  link: { code: string; url: string }
  target: { kind: TargetKind; code: string; title: string }
  gifts_brought: number
  amount_brought_fen: number
  built: { title: string; spent_on: string; amount_fen: number; notice_code: string | null }[]
}

export type ActivityState = 'open' | 'full' | 'running' | 'over' | 'cancelled'
export type HoursState = 'signed_up' | 'checked_in' | 'served' | 'awaiting_confirmation'
export interface Activity {
  code: string
  title: string
  village_code: string
  village_name: string
  place: string
  starts_at: string
  ends_at: string
  seats: number
  seats_left: number
  target: string
  content: string
  leader_name: string
  state: ActivityState
  mine: { state: HoursState; minutes: number | null } | null
}
export interface MyHours {
  total_minutes: number
  items: {
    activity: { code: string; title: string; village_name: string; starts_at: string }
    state: HoursState
    checked_in_at: string | null
    checked_out_at: string | null
    minutes: number | null
  }[]
}

export interface Village {
  code: string
  name: string
  parents: RegionName[]
  demo: boolean
  fund: ProjectCard | null
  figures: Figures & { gift_count: number; project_count: number }
  projects: ProjectCard[]
  activities: Activity[]
  team: { code: string; name: string; member_count: number } | null
  notices: NoticeCard[]
}

export interface AppInfo {
  environment: string
  demo: boolean
  version: string
  currency: string
  wechat_mini: boolean
  wechat_official: boolean
  /** Where one pays: on a page of the provider's, by WeChat's cashier in the phone, or nowhere yet. */
  payment: 'page' | 'phone' | 'none'
  subscribe_templates: string[]
}

/** What WeChat's script wants before a page may call it; `script_url` is null where the browser has it already. */
export interface JsConfig { app_id: string; timestamp: number; nonce: string; signature: string; script_url: string | null }
