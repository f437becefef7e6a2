/** The contract with the server, one function a route. Pages call these and nothing below. */
import { send } from './http'
import type { Inbox } from './inbox'
import { once } from './intent'
import type { MyAccount } from './loginTypes'
import type { Minor } from './minor'
import { readMine, sendAsPerson } from './session'
import type * as api from './types'

type Page = { cursor?: string | null; limit?: number }
const empty = { items: [], next_cursor: null }
const nobody: MyAccount = { person: null, is_guest: true, accounts: [], phones: [], unread: 0 }
const at = encodeURIComponent

export const appInfo = () => send<api.AppInfo>('GET', '/app')

export const jsConfig = (url: string) => send<api.JsConfig>('GET', '/wechat/js-config', { query: { url } })
export const wechatLink = (kind: api.TargetKind, code: string) => send<{ url: string }>('GET', '/wechat/open', { query: { kind, code } })

export const regions = (parent?: string) => send<{ items: api.RegionRow[] }>('GET', '/regions', { query: { parent } })
export const region = (code: string) => send<api.Region>('GET', `/regions/${at(code)}`)
export const searchRegions = (q: string) =>
  send<{ items: api.FoundRegion[] }>('GET', '/regions/search', { query: { q, limit: 20 } })

export const villages = (page: Page & { codes?: string }) => send<api.List<api.VillageRow>>('GET', '/villages', { query: page })
export const village = (code: string) => send<api.Village>('GET', `/villages/${at(code)}`)

export const project = (code: string) => send<api.Project>('GET', `/projects/${at(code)}`)
const ofProject = <T>(what: string) => (code: string, page: Page = {}) =>
  send<api.List<T>>('GET', `/projects/${at(code)}/${what}`, { query: page })
export const projectGifts = ofProject<api.GiftLine>('gifts')
export const projectSpending = ofProject<api.SpendingLine>('spending')
export const projectProgress = ofProject<api.ProgressPost>('progress')
export const projectTransfers = ofProject<api.LedgerRow>('transfers')

export const give = (code: string, order: api.GiftOrder) =>
  once(`give:${code}`, order, (key) => sendAsPerson<api.Gift>('POST', `/projects/${at(code)}/gifts`, { body: order, key }))
/** The same order once more, with what the phone needs to pay it now. */
export const preparePayment = (code: string, channel: api.Channel) =>
  sendAsPerson<api.Gift>('POST', `/gifts/${at(code)}/payment`, { body: { channel } })
export const gift = (code: string, secret?: string) => send<api.Gift>('GET', `/gifts/${at(code)}`, { query: { secret } })
export const changeGift = (code: string, change: api.GiftChange) =>
  sendAsPerson<api.Gift>('PATCH', `/gifts/${at(code)}`, { body: change })

export const myGifts = (page: Page = {}) => readMine<api.List<api.MyGift>>('/me/gifts', empty, { query: page })
export const myStatementYears = () => readMine<{ years: number[] }>('/me/statements', { years: [] })
export const myStatement = (year: string) => send<api.Statement>('GET', `/me/statements/${at(year)}`)
export const myShares = (page: Page = {}) => readMine<api.List<api.MyShare>>('/me/shares', empty, { query: page })
export const myHours = () => readMine<api.MyHours>('/me/hours', { total_minutes: 0, items: [] })

export const link = (code: string) => send<api.LinkView>('GET', `/links/${at(code)}`)
export const myAccount = () => readMine<MyAccount>('/me/account', nobody)
export const myMessages = (page: Page = {}) => readMine<Inbox>('/me/messages', { ...empty, unread: 0 }, { query: page })

export const share = (target_kind: api.TargetKind, target: string, nickname?: string) =>
  sendAsPerson<{ link: api.ShareLink }>('POST', '/shares', { body: { target_kind, target, nickname } }).then(
    (answer) => answer.link,
  )

export const notices = (query: Page & { village?: string; project?: string }) =>
  send<api.List<api.NoticeCard>>('GET', '/notices', { query })
export const notice = (code: string) => send<api.Notice>('GET', `/notices/${at(code)}`)

export const activity = (code: string) => send<api.Activity>('GET', `/activities/${at(code)}`)
const volunteer = <T>(action: string, path: string, body: object) =>
  once(action, body, (key) => sendAsPerson<T>('POST', path, { body, key }))
export const joinTeam = (village_code: string, name: string, minor?: Minor) =>
  volunteer<object>(`team:${village_code}`, `/villages/${at(village_code)}/team/members`, { name, minor })
export const signUp = (code: string, name: string, minor?: Minor) =>
  volunteer<object>(`sign-up:${code}`, `/activities/${at(code)}/sign-ups`, { name, minor })
export const takeBackSignUp = (code: string) => sendAsPerson<void>('DELETE', `/activities/${at(code)}/sign-ups/mine`)
export const checkIn = (activity_code: string, code: string) =>
  volunteer<{ checked_in_at: string }>(`in:${activity_code}`, `/activities/${at(activity_code)}/check-ins`, { code })
export const checkOut = (activity_code: string, code: string) =>
  volunteer<{ minutes: number | null }>(`out:${activity_code}`, `/activities/${at(activity_code)}/check-outs`, { code })
