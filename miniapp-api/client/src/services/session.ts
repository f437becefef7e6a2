/** A person begins with the first thing he does, never by a form. */
import { forgetToken, keepToken, send, type Call, type Method } from './http'
import { asProblem } from './problem'

interface SessionAnswer { person: { code: string }; token?: string }

export async function begin(): Promise<string> {
  const answer = await send<SessionAnswer>('POST', '/session')
  keepToken(answer.token)
  return answer.person.code
}

/** Forget me on this phone. What was given stays given; this phone just no longer knows by whom. */
export async function forgetMe(): Promise<void> {
  await send('DELETE', '/session')
  forgetToken()
}

/** Send as a person: where there is no session yet, begin one and send the same request again. */
export async function sendAsPerson<T>(method: Method, path: string, call: Call = {}): Promise<T> {
  try {
    return await send<T>(method, path, call)
  } catch (thrown) {
    if (asProblem(thrown).status !== 401) throw thrown
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
    if (asProblem(thrown).status === 401) return nothing
    throw thrown
  }
}
