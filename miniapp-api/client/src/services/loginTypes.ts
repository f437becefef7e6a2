/** What the server tells about logging in, one's own account and messages. */

/** How people can log in at this installation; `page` shows the code on the page and proves nothing. */
export interface LoginWays { wechat_mini: boolean; wechat_official: boolean; phone: 'page' | 'sms' | 'none' }
export interface Entered { person: { code: string }; joined: boolean; token?: string }
export interface SentCode { sent_to: string; lives_seconds: number; again_seconds: number; shown_code: string | null }
export type AccountKind = 'wechat_mini' | 'wechat_official' | 'phone'
export interface Account {
  code: string
  kind: AccountKind
  shown: string | null
  joined_at: string
  used_at: string
  is_present: boolean
}
export interface OpenPhone { opened_at: string; ends_at: string; is_here: boolean }
export interface MyAccount {
  person: { code: string } | null
  is_guest: boolean
  accounts: Account[]
  phones: OpenPhone[]
  unread: number
}
export interface Message {
  code: string
  kind: string
  title: string
  text: string
  link: string | null
  told_at: string
  read_at: string | null
}
