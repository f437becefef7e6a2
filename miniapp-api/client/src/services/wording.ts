/** Words for places, purses and the stations of money. */
import { t, tOr } from '@/i18n'
import { yuan } from './money'
import { hoursAndMinutes, weekday, span } from './time'
import type { RegionName } from './types'

/** Parents on one line, from the province down: 江苏省 盐城市 建湖县. */
export function placeLine(parents: RegionName[]): string {
  return parents.map((parent) => parent.name).join(' ')
}

export function minutesText(minutes: number): string {
  const time = hoursAndMinutes(minutes)
  if (time.hours === 0) return t('hours.minutes', { m: time.minutes })
  return time.minutes === 0 ? t('hours.hours', { h: time.hours }) : t('hours.both', { h: time.hours, m: time.minutes })
}

export function activityTime(starts_at: string, ends_at: string): string {
  return `${span(starts_at, ends_at)} ${tOr(`weekday.${weekday(starts_at)}`, '')}`
}

/** Who holds an account: the world outside, the nation's account, or a village's. */
export function accountName(account: string): string {
  if (account === 'world') return t('account.world')
  const holder = account.split('/')[0]
  if (holder !== '00') return t('account.village')
  if (account.endsWith('#refunds')) return t('account.refunds')
  return account.endsWith('/unallocated') ? t('account.unallocated') : t('account.nation')
}

/** What the money of an account is for: a project's code, without what an account may carry behind it. */
export function purseOf(account: string): string {
  return (account.split('/')[1] ?? '').split('#')[0]
}

/** The same with the name of the project whose money it is, where the page knows it. */
export function accountOf(account: string, titles: Record<string, string>): string {
  const title = titles[purseOf(account)]
  return title ? `${accountName(account)} · ${title}` : accountName(account)
}

/** Where a part of a gift is now: with the nation, with the village, or already spent. */
export function stationName(holder: string): string {
  if (holder === 'world' || holder === 'spent') return t('flow.spent')
  if (holder === 'in_transit') return t('flow.in_transit')
  return holder.split('/')[0] === '00' ? t('flow.with_nation') : t('flow.with_village')
}

/** Money that came in, as a person on the notice board would call its source. */
export function sourceName(source: string): string {
  return tOr(`reason.${source}`, source)
}

export function amountOrHidden(amount_fen: number | null): string {
  return amount_fen === null ? t('gift.hidden_amount') : yuan(amount_fen)
}
