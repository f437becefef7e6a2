/** What is wrong with something typed at the desk: the field, and the words for it. */
import type { DeskKey } from '@/i18n/desk'
import { parseYuan, plain } from './money'
import { isDate } from './deskDates'
import type { Problem } from './problem'

export interface Fault { field: string; say: DeskKey; params?: Record<string, string | number> }

export const SUM_FEN_MAX = 100_000_000_000
const length = (text: string): number => Array.from(text.trim()).length

/** A text that must be there, and not be longer than the server keeps. */
export function textFaults(field: string, text: string, limit: number, needed = true): Fault[] {
  if (needed && text.trim() === '') return [{ field, say: 'fault.empty' }]
  return length(text) > limit ? [{ field, say: 'fault.long', params: { n: limit, now: length(text) } }] : []
}

/** An amount in yuan that must be readable to the fen. */
export function amountFaults(field: string, text: string, max_fen = SUM_FEN_MAX): Fault[] {
  const read = parseYuan(text, max_fen)
  return 'fault' in read ? [{ field, say: `fault.amount.${read.fault}` }] : []
}

/** The fen of an amount that has no fault; 0 for one that has. */
export function fenOf(text: string, max_fen = SUM_FEN_MAX): number {
  const read = parseYuan(text, max_fen)
  return 'fen' in read ? read.fen : 0
}

/** An amount as it is put into a field: number fields of browsers refuse the commas of a printed one. */
export function typed(fen: number): string {
  return plain(fen).replace(/,/g, '')
}

export function dateFaults(field: string, text: string): Fault[] {
  return isDate(text) ? [] : [{ field, say: text ? 'fault.date' : 'fault.date.empty' }]
}

/** A whole number between two bounds, as typed; NaN for anything else. */
export function whole(text: string): number {
  return /^\d{1,9}$/.test(text.trim()) ? parseInt(text.trim(), 10) : NaN
}

export function wholeFaults(field: string, text: string, least: number, most: number): Fault[] {
  const value = whole(text)
  return value >= least && value <= most ? [] : [{ field, say: 'fault.number', params: { least, most } }]
}

/** The field that the server found wrong, by the name it has in the contract; empty when it named none. */
export function fieldOf(problem: Problem): string {
  if (typeof problem.facts.field === 'string') return problem.facts.field
  return Object.keys(problem.fields)[0] ?? ''
}
