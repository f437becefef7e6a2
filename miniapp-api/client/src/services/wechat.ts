/** The H5 page inside WeChat, and on its way there. Where WeChat is not set up, none of this asks anybody anything. */
import * as api from './api'
import { app } from './settings'
import { inWechat, shareable } from './platform'
import type { JsConfig, TargetKind } from './types'

export interface ShareCard { title: string; text: string; path: string; picture: string | null }

interface ShareData { title: string; desc: string; link: string; imgUrl: string; success?: () => void }
interface Sdk {
  config: (told: Record<string, unknown>) => void
  ready: (then: () => void) => void
  error: (then: () => void) => void
  updateAppMessageShareData: (card: ShareData) => void
  updateTimelineShareData: (card: Omit<ShareData, 'desc'>) => void
}

const CALLS = ['updateAppMessageShareData', 'updateTimelineShareData']
/** The address that this page was loaded from: on an iPhone WeChat goes on believing that it is there. */
let landing = ''
// #ifdef H5
landing = location.href
// #endif

export { inWechat }

/** The address to be signed: the first one of the visit on iOS, the present one elsewhere; without what follows #. */
export function signedAddress(agent: string, first: string, present: string): string {
  return (/iPhone|iPad|iPod/i.test(agent) ? first : present).split('#')[0]
}

function sdk(): Sdk | undefined {
  return (window as unknown as { wx?: Sdk }).wx
}

function load(script_url: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const script = document.createElement('script')
    script.src = script_url
    script.onload = () => resolve()
    script.onerror = () => reject(new Error('the SDK did not come'))
    document.head.appendChild(script)
  })
}

async function signed(config: JsConfig): Promise<Sdk> {
  if (!sdk() && config.script_url) await load(config.script_url)
  const wx = sdk()
  if (!wx) throw new Error('no SDK here')
  const { app_id, timestamp, nonce, signature } = config
  return new Promise((resolve, reject) => {
    wx.error(() => reject(new Error('WeChat did not take the signature')))
    wx.config({ debug: false, appId: app_id, timestamp, nonceStr: nonce, signature, jsApiList: CALLS })
    wx.ready(() => resolve(wx))
  })
}

/**
 * Tell WeChat how this page looks in a chat: title, text and picture. Whether it worked changes nothing on the page,
 * so a failure is quiet: passing on by copying the link stays as it is.
 */
export async function showCard(card: ShareCard): Promise<boolean> {
  // #ifdef H5
  if (!inWechat() || !app.value?.wechat_official) return false
  try {
    const wx = await signed(await api.jsConfig(signedAddress(navigator.userAgent, landing, location.href)))
    const told = { title: card.title, link: shareable(card.path), imgUrl: card.picture ? shareable(card.picture) : '' }
    wx.updateAppMessageShareData({ ...told, desc: card.text })
    wx.updateTimelineShareData(told)
    return true
  } catch {
    return false
  }
  // #endif
  // #ifndef H5
  return false
  // #endif
}

/** Whether a browser outside WeChat can be led into the mini-program. */
export function canOpenWechat(): boolean {
  let can = false
  // #ifdef H5
  can = !inWechat() && app.value?.wechat_mini === true
  // #endif
  return can
}

/** Go to the page in the mini-program; throws what the server says when there is no way now. */
export async function openInWechat(kind: TargetKind, code: string): Promise<void> {
  const { url } = await api.wechatLink(kind, code)
  // #ifdef H5
  location.assign(url)
  // #endif
}

/** Whether a message may be offered: inside the mini-program, where its owner has chosen one. */
export function canSubscribe(): boolean {
  let can = false
  // #ifdef MP-WEIXIN
  can = !!app.value?.subscribe_templates.length
  // #endif
  return can
}

const ASKED_AT_ONCE = 3

/** Ask, by the tap of a finger, to send one message of each kind; whether at least one was allowed. */
export function subscribe(): Promise<boolean> {
  // #ifdef MP-WEIXIN
  const tmplIds = (app.value?.subscribe_templates ?? []).slice(0, ASKED_AT_ONCE)
  return new Promise((resolve) => {
    uni.requestSubscribeMessage({
      tmplIds,
      success: (told: object) => resolve(tmplIds.some((id) => (told as Record<string, string>)[id] === 'accept')),
      fail: () => resolve(false),
    })
  })
  // #endif
  // #ifndef MP-WEIXIN
  return Promise.resolve(false)
  // #endif
}
