/** What needs a person: alerts about payments, and messages that nobody took. Their part of the contract, and their words. */
import { d, dOr, type DeskKey } from '@/i18n/desk'
import { atDesk, deed } from './deskSession'
import { yuan } from './money'
import { to } from './nav'
import { moment } from './time'
import type { List } from './types'

/** `facts` are names and figures that the server tells of it; amounts end in `_fen`. */
export interface PaymentAlert { code: string; kind: string; subject: string; facts: Record<string, unknown>; raised_at: string }

/** A message to the outside that nobody took within its time. */
export interface DeadLetter {
  code: string
  kind: string
  subject: string
  owed_since: string
  tried_at: string | null
  ended_at: string
  attempts: number
  last_error: string | null
}

const at = encodeURIComponent
type Cursor = string | null

export const alerts = (cursor: Cursor = null) => atDesk<List<PaymentAlert>>('GET', '/desk/alerts', { query: { cursor } })
export const endAlert = (code: string, reason: string) => deed<object>(`alert:${code}`, `/desk/alerts/${at(code)}/end`, { reason })
export const letters = (cursor: Cursor = null) => atDesk<List<DeadLetter>>('GET', '/desk/letters', { query: { cursor } })
export const sendAgain = (code: string) => deed<object>(`letter-again:${code}`, `/desk/letters/${at(code)}/attempts`)
export const endLetter = (code: string, reason: string) => deed<object>(`letter-end:${code}`, `/desk/letters/${at(code)}/end`, { reason })

export interface Told { title: string; what: string; now: string }

const told = (room: string, kind: string, other: string): Told => ({
  title: dOr(`${room}.${kind}`, kind),
  what: dOr(`${room}.${kind}.what`, d(`${other}.what` as DeskKey)),
  now: dOr(`${room}.${kind}.now`, d(`${other}.now` as DeskKey)),
})

/** What happened and what to do now; a kind that this client does not know keeps its name and asks for help. */
export const toldOfAlert = (alert: PaymentAlert): Told => told('alert', alert.kind, 'alert.other')
export const toldOfLetter = (letter: DeadLetter): Told => told('letter', letter.kind, 'letter.other')

const BILL = /^(\w+):(\d{4}-\d{2}-\d{2})$/
const isOfBill = (alert: PaymentAlert): boolean => alert.kind.startsWith('BILL_') || alert.kind === 'DAY_NOT_CLOSED'

/** What is wrong with the way to WeChat Pay, and with no order of anybody's. */
const OF_THE_WAY = ['CLOCK_SKEW', 'WECHAT_UNREACHABLE']

/** The alert itself is of one card; what somebody looks for is the refund, whose number stands among the facts. */
const isOfCard = (alert: PaymentAlert): boolean => alert.kind === 'REFUND_CARD_REFUSED' && !!alert.facts.refund

/** The number by which the case is found, and by what name. */
function numberOf(alert: PaymentAlert): string {
  const day = BILL.exec(alert.subject)
  if (day) {
    const channel = dOr(`alert.channel.${day[1]}`, day[1])
    return d(isOfBill(alert) ? 'alert.of_day' : 'alert.on_day', { channel, day: day[2] })
  }
  if (OF_THE_WAY.includes(alert.kind)) return d('alert.channel.wechat')
  if (alert.kind.startsWith('REFUND_')) return d('refund.number', { no: isOfCard(alert) ? String(alert.facts.refund) : alert.subject })
  if (alert.kind === 'NOTICE_UNREADABLE') return d('alert.of_notice', { no: alert.subject })
  if (alert.kind === 'PAID_AGAIN' || alert.kind === 'MONEY_WAITS') return d('waiting.reference', { reference: alert.subject })
  return d('bill.order', { no: alert.subject })
}

const words = (value: unknown, room: string): string => {
  const names = Array.isArray(value) ? value.map(String) : String(value).split(',')
  return names.map((name) => dOr(`${room}.${name}`, name)).join(d('alert.and'))
}

/** How a value is said: figures as money, states and names as words, numbers and codes as they are. */
function saidOf(alert: PaymentAlert, name: string, value: unknown): string {
  if (typeof value === 'number') return name.endsWith('_fen') ? yuan(value) : String(value)
  if (name === 'told_by') return words(value, 'alert.told_by')
  if (name === 'wrong' || name === 'contradicts') return words(value, 'alert.field')
  if (name === 'why') return words(value, 'alert.why')
  if (name === 'answer') return words(value, 'bill.answer')
  if (name === 'state' || name === 'stands' || name === 'told') return words(value, isOfBill(alert) ? 'bill.state' : 'refund.state')
  return String(value)
}

const isNothing = (value: unknown): boolean => value === null || value === '' || (Array.isArray(value) && !value.length)

/** Its number, everything that the server told of it, and since when it waits: a line each. */
export function linesOf(alert: PaymentAlert): string[] {
  const told = Object.entries(alert.facts).filter(([name, value]) => !isNothing(value) && !(name === 'refund' && isOfCard(alert)))
  const line = ([name, value]: [string, unknown]): string =>
    d('alert.line', { label: dOr(`alert.fact.${name}`, name), said: saidOf(alert, name, value) })
  return [numberOf(alert), ...told.map(line), d('alert.since', { time: moment(alert.raised_at) })]
}

const WAITING = ['GIFT_REDIRECTED', 'PAID_AGAIN', 'MONEY_WAITS']

/** Where the case is worked on, if the desk has a page for it. */
export function placeOf(alert: PaymentAlert): { url: string; text: string } | null {
  const day = BILL.exec(alert.subject)
  if (day && isOfBill(alert)) return { url: to('desk/reconciled', { channel: day[1], day: day[2] }), text: d('bill.title') }
  if (WAITING.includes(alert.kind)) return { url: to('desk/unallocated'), text: d('home.unallocated') }
  if (alert.kind === 'REFUND_ABNORMAL' || alert.kind === 'REFUND_CARD_REFUSED') return { url: to('desk/refunds', { wanted: 'abnormal' }), text: d('alert.to_abnormal') }
  if (alert.kind === 'REFUND_NO_FUNDS') return { url: to('desk/refunds'), text: d('home.refunds') }
  return ['ORDER_UNKNOWN', 'REFUND_UNKNOWN'].includes(alert.kind) ? { url: to('desk/reconciliation'), text: d('home.reconciliation') } : null
}

/** Of what number the message is, how often it was tried, and what was answered last. */
export function triesOf(letter: DeadLetter): string[] {
  const error = letter.last_error
  return [
    letter.kind.startsWith('refund') ? d('refund.number', { no: letter.subject }) : d('letter.subject', { no: letter.subject }),
    d('letter.tries', { n: letter.attempts, from: moment(letter.owed_since), to: moment(letter.tried_at ?? letter.ended_at) }),
    ...(error ? [d('letter.answer', { answer: dOr(`letter.error.${error}`, error) })] : []),
  ]
}
