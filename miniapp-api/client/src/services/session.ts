/** A person begins with the first thing he does, never by a form. */
import { forgetToken, keepToken, send, type Call, type Method } from './http'
// #ifdef MP-WEIXIN
import { logInMini } from './login'
// #endif
import { asProblem } from './problem'
import { forgetSaid } from './said'
import { store } from './store'

interface SessionAnswer { person: { code: string }; token?: string }

const KNOWN = 'has_person'

/** Whether this phone has begun to be somebody: a browser's cookie cannot be looked at, so it is noted beside it. */
export function isKnown(): boolean {
  return store.read(KNOWN, false)
}

export function noteKnown(known: boolean): void {
  if (known) store.write(KNOWN, true)
  else store.drop(KNOWN)
}

/** In the mini-program WeChat says silently who it is; where that fails, a guest gives all the same. */
export async function begin(): Promise<string> {
  // #ifdef MP-WEIXIN
  try {
    return (await logInMini()).person.code
  } catch {
    forgetToken()
  }
  // #endif
  const answer = await send<SessionAnswer>('POST', '/session')
  keepToken(answer.token)
  noteKnown(true)
  return answer.person.code
}

/** Forget me on this phone. What was given stays given; this phone just no longer knows by whom. */
export async function forgetMe(): Promise<void> {
  await send('DELETE', '/session')
  forgetToken()
  forgetSaid()
  noteKnown(false)
}

/** Send as a person: where there is no session yet, begin one and send the same request again. */
export async function sendAsPerson<T>(method: Method, path: string, call: Call = {}): Promise<T> {
  try {
    return await send<T>(method, path, call)
  } catch (thrown) {
    // A wrong code is a 401 too: sending it once more would be a second try, and the phone would lose whose it is.
    if (asProblem(thrown).code !== 'SESSION_NEEDED') throw thrown
    forgetToken()
    await begin()
    return send<T>(method, path, call)
  }
}

/** Read what belongs to me. A phone without a session owns nothing yet: that is no error. */
export async function readMine<T>(path: string, nothing: T, call: Call = {}): Promise<T> {
  try {
    return await send<T>('GET', path, call)
  } catch (thrown) {
    if (asProblem(thrown).status !== 401) throw thrown
    noteKnown(false)
    return nothing
  }
}
