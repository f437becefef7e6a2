/** The one place that talks over the network. */
import { address } from './platform'
import { Problem, problemFrom } from './problem'
import { online } from './settings'
import { store } from './store'

export type Method = 'GET' | 'POST' | 'PATCH' | 'PUT' | 'DELETE'
export type Query = Record<string, string | number | null | undefined>
export interface Call { query?: Query; body?: object; key?: string; headers?: Record<string, string>; timeout_ms?: number }

const API = '/api/v1'
const TIMEOUT_MS = 15_000
const TOKEN = 'session_token'
/** Longer than any answer is shared by the server. */
const ANEW_MS = 3000
let changed_at = 0

export function withQuery(path: string, query: Query = {}): string {
  const pairs = Object.entries(query)
    .filter(([, value]) => value !== undefined && value !== null && value !== '')
    .map(([name, value]) => `${name}=${encodeURIComponent(String(value))}`)
  return pairs.length ? `${path}?${pairs.join('&')}` : path
}

/** A browser keeps the session in a cookie; WeChat has no cookies, so the token travels by hand. */
export function keepToken(token: string | undefined): void {
  if (token) store.write(TOKEN, token)
}

export function forgetToken(): void {
  store.drop(TOKEN)
}

/** Something of one's own has just changed: for some seconds, no answer from before it will do. */
export function ownChange(): void {
  changed_at = Date.now()
}

export function headersFor(method: Method, call: Call): Record<string, string> {
  const headers: Record<string, string> = { Accept: 'application/json', ...call.headers }
  if (method !== 'GET') headers['X-Requested-With'] = 'happy-home'
  else if (Math.abs(Date.now() - changed_at) < ANEW_MS) headers['Cache-Control'] = 'no-cache'
  if (call.body) headers['Content-Type'] = 'application/json'
  if (call.key) headers['Idempotency-Key'] = call.key
  // #ifndef H5
  // WeChat's request has no PATCH: it is sent as a POST that says what it means.
  if (method === 'PATCH') headers['X-HTTP-Method-Override'] = 'PATCH'
  headers['X-Session-Transport'] = 'bearer'
  const token = store.read(TOKEN, '')
  if (token) headers.Authorization = `Bearer ${token}`
  // #endif
  return headers
}

function unanswered(errMsg: string): Problem {
  if (!online.value) return new Problem('offline', 'OFFLINE')
  return /time\s?out/i.test(errMsg) ? new Problem('timeout', 'TIMEOUT') : new Problem('offline', 'UNREACHABLE')
}

function sentAs(method: Method): 'GET' {
  let sent: Method = method === 'PATCH' ? 'POST' : method
  // #ifdef H5
  sent = method
  // #endif
  return sent as 'GET' // The type declaration of uni.request lags behind what it can send.
}

/** Send one request; resolves to the body of a 2xx, throws a Problem for everything else. */
export function send<T>(method: Method, path: string, call: Call = {}): Promise<T> {
  return new Promise((resolve, reject) => {
    uni.request({
      url: address(withQuery(API + path, call.query)),
      method: sentAs(method),
      data: call.body ? JSON.stringify(call.body) : undefined,
      header: headersFor(method, call),
      timeout: call.timeout_ms ?? TIMEOUT_MS,
      withCredentials: true,
      success: ({ statusCode, data }) => {
        const ok = statusCode >= 200 && statusCode < 300
        if (ok && method !== 'GET') ownChange()
        // A captive portal answers 200 with a page of its own: that is not our server.
        if (ok && (statusCode === 204 || typeof data === 'object')) resolve(data as T)
        else reject(problemFrom(ok ? 502 : statusCode, data))
      },
      fail: ({ errMsg }) => reject(unanswered(errMsg ?? '')),
    })
  })
}
