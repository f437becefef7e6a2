/** Coming back to what is one's own: by WeChat where it is at hand, else by a code to the phone. Giving needs none of it. */
import { forgetToken, keepToken, send } from './http'
import { asProblem } from './problem'
import { noteKnown, sendAsPerson } from './session'
import type { Entered, LoginWays, SentCode } from './loginTypes'

export const ways = () => send<LoginWays>('GET', '/login/ways')

function entered(answer: Entered): Entered {
  keepToken(answer.token)
  noteKnown(true)
  return answer
}

/** In the mini-program: WeChat gives a code without a word, the server opens it. A used code is asked for once more. */
export async function logInMini(adds = false): Promise<Entered> {
  try {
    return await openCode(adds)
  } catch (thrown) {
    if (asProblem(thrown).code !== 'LOGIN_CODE_USED') throw thrown
    return openCode(adds)
  }
}

async function openCode(adds: boolean): Promise<Entered> {
  const code = await new Promise<string>((resolve, reject) => {
    uni.login({ provider: 'weixin', success: (told) => resolve(told.code), fail: reject })
  })
  return entered(await send<Entered>('POST', '/login/wechat-mini', { body: { code, adds } }))
}

/** What WeChat's own button for the number hands out: a code, or in `errMsg` why there is none. */
export interface NumberTold { code?: string; errMsg?: string }

/** Its owner said no; or WeChat gives none here: too old, not allowed to this mini-program, its numbers of today used up. */
export function whyNoNumber(told: NumberTold): 'declined' | 'unavailable' {
  return /deny|cancel/i.test(told.errMsg ?? '') ? 'declined' : 'unavailable'
}

/** In the mini-program: the number that its owner let WeChat show. The code opens once, so it is sent once. */
export const logInByNumber = (code: string, adds = false) =>
  send<Entered>('POST', '/login/wechat-phone', { body: { code, adds } }).then(entered)

/**
 * In WeChat's browser: there and back by the server's own address; the page is left. To add WeChat to an account is
 * asked for by a page of ours, which is told where to go: a link that somebody sent can only log in.
 */
export async function goToWechat(next: string, adds = false): Promise<void> {
  // #ifdef H5
  const asked = adds ? await send<{ address: string }>('POST', '/login/wechat-official', { body: { next } }) : null
  location.assign(asked?.address ?? `/login/wechat?next=${encodeURIComponent(next)}`)
  // #endif
}

export const sendCode = (phone: string) => sendAsPerson<SentCode>('POST', '/login/phone/code', { body: { phone } })

export const logInByPhone = (phone: string, code: string, adds = false) =>
  sendAsPerson<Entered>('POST', '/login/phone', { body: { phone, code, adds } }).then(entered)

export const takeOff = (code: string, sure: boolean) =>
  send<void>('DELETE', `/me/accounts/${encodeURIComponent(code)}`, { query: { sure: String(sure) } })

export const logOthersOut = () => send<{ ended: number }>('DELETE', '/me/phones')

/** This phone forgets whose it is; gifts and hours stay with the account. */
export async function logOut(): Promise<void> {
  await send('DELETE', '/session')
  forgetToken()
  noteKnown(false)
}
