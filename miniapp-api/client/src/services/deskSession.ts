/** Being at the desk: who works here, what he may do, and the way to the login when the session has ended. */
import { shallowRef } from 'vue'
import { send, type Call, type Method } from './http'
import { once } from './intent'
import { to } from './nav'
import { asProblem } from './problem'
import { store } from './store'
import type { Desk, DeskAction } from './deskTypes'

const TOKEN = 'desk_token'
const RETURN = 'desk_return'

/** Who works at this phone now; null until the server has said so. */
export const desk = shallowRef<Desk | null>(null)

export function can(action: DeskAction): boolean {
  return desk.value?.actions.includes(action) ?? false
}

/** A browser carries the desk's cookie by itself; WeChat has no cookies, so the token travels by hand. */
export function deskHeaders(): Record<string, string> {
  const headers: Record<string, string> = {}
  // #ifndef H5
  const token = store.read(TOKEN, '')
  if (token) headers['X-Desk-Token'] = token
  // #endif
  return headers
}

interface OpenPage { route?: string; options?: Record<string, string>; $page?: { fullPath?: string } }

/** The address of the page that is open, with its query; empty while one page gives way to another. */
function here(): string {
  const pages = getCurrentPages()
  const page = pages[pages.length - 1] as unknown as OpenPage | undefined
  if (!page) return ''
  if (page.$page?.fullPath) return page.$page.fullPath
  const query = Object.entries(page.options ?? {}).map(([name, value]) => `${name}=${encodeURIComponent(value)}`)
  return `/${page.route ?? ''}${query.length ? `?${query.join('&')}` : ''}`
}

/** Go and log in, and come back to this page afterwards. What was written stays in its draft. */
export function toLogin(): void {
  desk.value = null
  const from = here()
  // A page asks several things at once: the first refusal leads away, the others find nobody to lead.
  if (!from || from.includes('login')) return
  store.write(RETURN, from)
  uni.redirectTo({ url: to('desk/login') })
}

/** Nothing is done at the desk before the second factor stands. */
function toSafety(): void {
  if (!here().includes('safety')) uni.redirectTo({ url: to('desk/safety') })
}

/** Open this page anew: what it asked for before the desk was known failed as well. */
export function reopen(): void {
  const page = here()
  if (page) uni.redirectTo({ url: page })
}

/** Where to go after the login: back to where the session ended, once. */
export function wayBack(): string {
  const kept = store.read(RETURN, '')
  store.drop(RETURN)
  if (desk.value?.must_set_factor) return to('desk/safety')
  return kept || to('desk')
}

/** Send as staff. A session that has ended leads to the login; the refusal is told all the same. */
export async function atDesk<T>(method: Method, path: string, call: Call = {}): Promise<T> {
  try {
    return await send<T>(method, path, { ...call, headers: { ...call.headers, ...deskHeaders() } })
  } catch (thrown) {
    const { code } = asProblem(thrown)
    if (code === 'SESSION_NEEDED') toLogin()
    if (code === 'FACTOR_REQUIRED') toSafety()
    throw thrown
  }
}

/** Do something at the desk once: a double tap, and a retry after a lost answer, carry the same key. */
export function deed<T>(action: string, path: string, body: object = {}): Promise<T> {
  return once(`desk:${action}`, body, (key) => atDesk<T>('POST', path, { body, key }))
}

/** `code` is the second factor's, where the account has one. */
export async function logIn(login: string, password: string, code = ''): Promise<Desk> {
  const body = code ? { login, password, code } : { login, password }
  const answer = await send<Desk>('POST', '/desk/session', { body, headers: deskHeaders() })
  if (answer.token) store.write(TOKEN, answer.token)
  desk.value = answer
  return answer
}

export async function logOut(): Promise<void> {
  await send('DELETE', '/desk/session', { headers: deskHeaders() })
  store.drop(TOKEN)
  store.drop(RETURN)
  desk.value = null
}

export async function askWhoWorks(): Promise<Desk> {
  desk.value = await atDesk<Desk>('GET', '/desk/me')
  return desk.value
}
