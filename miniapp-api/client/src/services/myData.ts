/** What is held of me: seeing it, copying it, correcting it, taking consent back, being forgotten. */
import { forgetToken, send } from './http'
import { noteKnown, readMine } from './session'
import type { List } from './types'

export interface MyValue {
  field: string
  row: string
  label: string
  purpose: string
  value: string
  is_public: boolean
  may_correct: boolean
  changed_at: string
}
export interface MyConsent {
  purpose: string
  label: string
  policy_version: number
  given_at: string
  withdrawn_at: string | null
  may_withdraw: boolean
}
export interface MyData { items: MyValue[]; consents: MyConsent[]; receipts_kept: number }
export interface MyOpening {
  opened_at: string
  staff_name: string
  staff_role: string
  staff_place: string
  labels: string[]
  row: string
  purpose: 'asked' | 'review' | 'command'
  reason: string | null
}
export interface Policy {
  version: number
  title: string
  effective_on: string
  sections: { heading: string; paragraphs: string[] }[]
}

const nothing: MyData = { items: [], consents: [], receipts_kept: 0 }
const at = encodeURIComponent

export const privacy = () => send<Policy>('GET', '/privacy')
export const myData = () => readMine<MyData>('/me/data', nothing)
export const myOpenings = (cursor: string | null = null) =>
  readMine<List<MyOpening>>('/me/data/openings', { items: [], next_cursor: null }, { query: { cursor } })
/** Of a guardian the correction is his own: `agrees` is his tick, without which the server refuses it. */
export const correct = (item: MyValue, value: string, agrees = false) =>
  send<MyData>('PUT', `/me/data/${at(item.field)}/${at(item.row)}`, { body: agrees ? { value, agrees } : { value } })
export const isOfGuardian = (item: MyValue): boolean => item.field.startsWith('guardian.')
export const withdraw = (purpose: string) => send<MyData>('DELETE', `/me/data/consents/${at(purpose)}`)

/** Forget me. What was given stays given, without a name; this phone is nobody's from now on. */
export async function eraseMe(): Promise<number> {
  const { receipts_kept } = await send<{ receipts_kept: number }>('POST', '/me/data/erasure', { body: { sure: true } })
  forgetToken()
  noteKnown(false)
  return receipts_kept
}

/** Take a copy along: a browser saves a file, WeChat puts the text where it can be pasted. */
export async function takeCopy(): Promise<void> {
  const text = JSON.stringify(await send<MyData>('GET', '/me/data/copy'), null, 2)
  // #ifdef H5
  const link = document.createElement('a')
  link.href = URL.createObjectURL(new Blob([text], { type: 'application/json' }))
  link.download = 'my-data.json'
  link.click()
  URL.revokeObjectURL(link.href)
  // #endif
  // #ifndef H5
  await uni.setClipboardData({ data: text })
  // #endif
}
