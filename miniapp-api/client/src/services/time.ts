/** Times are shown as they are in the village: Asia/Shanghai, wherever the phone is. */

const CHINA_OFFSET_MS = 8 * 60 * 60 * 1000 // China has kept one zone without summer time since 1991.

interface Parts { year: number; month: number; day: number; hour: number; minute: number; weekday: number }

function parts(instant: string | number): Parts | null {
  const ms = typeof instant === 'number' ? instant : Date.parse(instant)
  if (Number.isNaN(ms)) return null
  const local = new Date(ms + CHINA_OFFSET_MS)
  return {
    year: local.getUTCFullYear(),
    month: local.getUTCMonth() + 1,
    day: local.getUTCDate(),
    hour: local.getUTCHours(),
    minute: local.getUTCMinutes(),
    weekday: local.getUTCDay(),
  }
}

const two = (value: number): string => String(value).padStart(2, '0')

/** `2026-11-12`; a bare date passes through, an unreadable one is shown as it came. */
export function day(instant: string | null | undefined): string {
  if (!instant) return ''
  if (/^\d{4}-\d{2}-\d{2}$/.test(instant)) return instant
  const local = parts(instant)
  return local ? `${local.year}-${two(local.month)}-${two(local.day)}` : instant
}

/** `08:30`. */
export function clock(instant: string | null | undefined): string {
  const local = instant ? parts(instant) : null
  return local ? `${two(local.hour)}:${two(local.minute)}` : ''
}

/** `2026-11-12 08:30`. */
export function moment(instant: string | null | undefined): string {
  if (!instant) return ''
  return `${day(instant)} ${clock(instant)}`.trim()
}

/** `2026-11-12 08:30–11:30`, or with both days where it ends on another one. */
export function span(from: string, until: string): string {
  const end = day(from) === day(until) ? clock(until) : moment(until)
  return `${moment(from)}–${end}`
}

/** 0 for Sunday to 6 for Saturday, in the village. */
export function weekday(instant: string): number {
  return parts(instant)?.weekday ?? 0
}

/** Whole days from today in the village until the end of that date; below zero when it is over. */
export function daysLeft(date: string, now_ms: number): number {
  const today = parts(now_ms)
  const end = Date.parse(`${day(date)}T00:00:00Z`)
  if (!today || Number.isNaN(end)) return 0
  const start = Date.UTC(today.year, today.month - 1, today.day)
  return Math.round((end - start) / 86_400_000)
}

/** 200 minutes are 3 hours and 20 minutes; hours are not rounded, they belong to the volunteer. */
export function hoursAndMinutes(minutes: number): { hours: number; minutes: number } {
  return { hours: Math.floor(minutes / 60), minutes: minutes % 60 }
}
