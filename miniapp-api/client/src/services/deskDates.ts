/** Dates and hours that are typed at the desk; always those of the village (UTC+8). */
import { day } from './time'

const DATE = /^(\d{4})-(\d{2})-(\d{2})$/
const TIME = /^([01]\d|2[0-3]):[0-5]\d$/
const DAY_MS = 86_400_000

/** Today's date in the village. */
export function today(now_ms = Date.now()): string {
  return day(new Date(now_ms).toISOString())
}

/** Whether this is a date of the calendar: 2026-02-30 is none. */
export function isDate(text: string): boolean {
  if (!DATE.test(text)) return false
  const ms = Date.parse(`${text}T00:00:00Z`)
  return !Number.isNaN(ms) && new Date(ms).toISOString().slice(0, 10) === text
}

export function isTime(text: string): boolean {
  return TIME.test(text)
}

export function daysLater(date: string, days: number): string {
  return new Date(Date.parse(`${date}T00:00:00Z`) + days * DAY_MS).toISOString().slice(0, 10)
}

/** Whole days from one date to another; below zero when the second is the earlier one. */
export function daysBetween(from: string, until: string): number {
  return Math.round((Date.parse(`${until}T00:00:00Z`) - Date.parse(`${from}T00:00:00Z`)) / DAY_MS)
}

/** `2026-11-22` and `08:30` in the village, as the server reads it. */
export function instantOf(date: string, time: string): string {
  return `${date}T${time}:00+08:00`
}

/** Minutes from one time of a day to another; below zero when the second is the earlier one. */
export function minutesBetween(from: string, until: string): number {
  const of = (time: string): number => parseInt(time.slice(0, 2), 10) * 60 + parseInt(time.slice(3), 10)
  return of(until) - of(from)
}
