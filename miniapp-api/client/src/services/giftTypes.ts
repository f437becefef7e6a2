/** What the server answers about gifts, paying for them, and what a giver sees of his own. */
import type { ProjectCard, Refusal } from './types'

export type Display = 'real_name' | 'nickname' | 'anonymous'
export interface GiftOrder {
  amount_fen: number
  display: Display
  name?: string
  hide_amount: boolean
  message?: string
  via?: string
  channel?: Channel
  /** Asked whether a second gift like the one of a minute ago is meant, the giver said yes. */
  again?: true
  /** The giver wants no receipt: its number is kept as a stub. */
  waives_receipt?: true
}
/** By what a payer came; WeChat knows him by another app in each. */
export type Channel = 'mini' | 'h5'
/** What the phone hands to WeChat's cashier as it stands. */
export interface PayParams {
  appId: string
  timeStamp: string
  nonceStr: string
  package: string
  signType: string
  paySign: string
}
export type GiftState = 'payable' | 'confirming' | 'paid' | 'redirected' | 'expired' | 'quarantined'
/** Where a redirected gift was given since; null while it waits, and for a gift that was not redirected. */
export interface GivenTo { code: string; title: string }
/** How far the name and message of my gift have come on their way to everybody. */
export interface WordsState { state: 'shown' | 'waiting' | 'rejected'; reason: string | null }
export interface Gift {
  code: string
  amount_fen: number
  display: Display
  hide_amount: boolean
  name: string | null
  message: string | null
  words: WordsState
  project: ProjectCard
  state: GiftState
  pay_url: string | null
  /** Only in the answer to an order or a payment, where the cashier is in the phone. */
  pay_params: PayParams | null
  expires_at: string | null
  paid_at: string | null
  redirected_to: GivenTo | null
  refunded_fen: number
  refunding_fen: number
  receipt: { number: string; url: string } | null
  waives_receipt: boolean
  reused: boolean
  stations: { holder: string; amount_fen: number }[]
}
export type RefundState =
  | 'asked' | 'checked' | 'approved' | 'processing' | 'success' | 'closed' | 'abnormal' | 'withdrawn' | 'refused'
export interface GiftRefund {
  code: string
  amount_fen: number
  state: RefundState
  reason: string | null
  asked_at: string
  approved_at: string | null
  ended_at: string | null
  success_at: string | null
  refuse_reason: string | null
  refund_no: string | null
}
/** What of a gift can be asked back, and where the rest is: `paid` is the sum of the five others. */
export interface GiftRefunds {
  paid_fen: number
  free_fen: number
  to_village_fen: number
  to_fund_fen: number
  refunding_fen: number
  refunded_fen: number
  refusal: Refusal | null
  items: GiftRefund[]
}
export type GiftChange = Partial<Pick<Gift, 'display' | 'hide_amount' | 'waives_receipt'>> & { name?: string; message?: string }

/** A gift that came, or money of one that went back; the amount is above zero in both. */
export interface StatementLine {
  on: string
  kind: 'given' | 'returned'
  gift_code: string
  project_title: string
  village_name: string
  organisation: string
  amount_fen: number
  receipt: string | null
  receipt_url: string | null
  is_waived: boolean
}
export interface Statement { year: number; items: StatementLine[]; given_fen: number; returned_fen: number; demo: boolean }

export interface MyGift {
  code: string
  project: { code: string; title: string; village_name: string }
  amount_fen: number
  state: GiftState
  display: Display
  paid_at: string | null
  redirected_to: GivenTo | null
  refunded_fen: number
  refunding_fen: number
  receipt_number: string | null
  receipt_url: string | null
}
