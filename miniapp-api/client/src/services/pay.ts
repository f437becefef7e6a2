/**
 * Paying: on a page of the provider's, or by the cashier in the phone. What the cashier says is no proof:
 * whether it was paid, the server alone says, and the thank-you page asks it.
 */
// #ifndef H5
import { logInMini } from './login'
// #endif
import { inWechat, openServerPage } from './platform'
import { asProblem } from './problem'
import { noteSaid } from './said'
import { app } from './settings'
import type { Channel, Gift, PayParams } from './types'

export type CashierSaid = 'done' | 'cancelled' | 'broken'

const WAIT_MS = 2000
const WAITS_MAX = 4
/** Another request is preparing the payment, or the provider is being asked: the same request again, a moment later. */
const IN_A_MOMENT = ['PAYMENT_PREPARING', 'PAYMENT_NUMBER_KNOWN']

export function channel(): Channel {
  let by: Channel = 'h5'
  // #ifdef MP-WEIXIN
  by = 'mini'
  // #endif
  return by
}

/** A browser outside WeChat cannot open WeChat's cashier: it shows the way into WeChat. */
export function needsWechat(): boolean {
  let needs = false
  // #ifdef H5
  needs = app.value?.payment === 'phone' && !inWechat()
  // #endif
  return needs
}

/** Where a browser comes back to from WeChat's login, what is kept before it leaves, and whether it was there already. */
export interface Back { page: string; leave?: () => void; is_back?: boolean }

/**
 * Do something that wants WeChat to know the payer. Where it does not yet, log in without a word and go on;
 * a browser leaves for the login meanwhile, and null says so. Who came back from there is not sent again.
 */
export async function asPayer<T>(act: () => Promise<T>, back: Back): Promise<T | null> {
  try {
    return await patiently(act)
  } catch (thrown) {
    if (asProblem(thrown).code !== 'PAYER_UNKNOWN' || back.is_back) throw thrown
  }
  // #ifdef H5
  back.leave?.()
  const { goToWechat } = await import('./login') // Fetched only by who has to log in.
  await goToWechat(back.page, true)
  return null
  // #endif
  // #ifndef H5
  await logInMini(true)
  return patiently(act)
  // #endif
}

async function patiently<T>(act: () => Promise<T>): Promise<T> {
  for (let waited = 0; ; waited += 1) {
    try {
      return await act()
    } catch (thrown) {
      if (waited >= WAITS_MAX || !IN_A_MOMENT.includes(asProblem(thrown).code)) throw thrown
    }
    await new Promise((resolve) => setTimeout(resolve, WAIT_MS))
  }
}

/** Leave for the provider's page, or open the cashier; resolves when there is something to ask the server about. */
export async function pay(gift: Gift): Promise<void> {
  if (gift.pay_url) return openServerPage(gift.pay_url)
  if (gift.pay_params && (await openCashier(gift.pay_params)) === 'done') noteSaid(gift.code)
}

export function openCashier(params: PayParams): Promise<CashierSaid> {
  // #ifdef H5
  return bridged(params)
  // #endif
  // #ifndef H5
  const { timeStamp, nonceStr, package: prepay, signType, paySign } = params
  return new Promise((resolve) => {
    uni.requestPayment({
      provider: 'wxpay',
      orderInfo: '',
      timeStamp,
      nonceStr,
      package: prepay,
      signType,
      paySign,
      success: () => resolve('done'),
      fail: ({ errMsg }: { errMsg?: string }) => resolve(/cancel/.test(errMsg ?? '') ? 'cancelled' : 'broken'),
    })
  })
  // #endif
}

// #ifdef H5
interface Bridge { invoke: (name: string, params: object, then: (answer: { err_msg?: string }) => void) => void }
const BRIDGE_WAIT_MS = 5000

/** WeChat's browser hands its bridge over some time after the page; where none comes there is no cashier. */
function bridge(): Promise<Bridge | null> {
  const found = () => (window as unknown as { WeixinJSBridge?: Bridge }).WeixinJSBridge ?? null
  if (found()) return Promise.resolve(found())
  return new Promise((resolve) => {
    document.addEventListener('WeixinJSBridgeReady', () => resolve(found()), { once: true })
    setTimeout(() => resolve(found()), BRIDGE_WAIT_MS)
  })
}

async function bridged(params: PayParams): Promise<CashierSaid> {
  const way = await bridge()
  if (!way) return 'broken'
  return new Promise((resolve) => {
    way.invoke('getBrandWCPayRequest', { ...params }, ({ err_msg }) => {
      if (/:ok$/.test(err_msg ?? '')) resolve('done')
      else resolve(/:cancel$/.test(err_msg ?? '') ? 'cancelled' : 'broken')
    })
  })
}
// #endif
