/** Following a published figure into the ledger: which rows it is the sum of. */
import * as api from './api'
import { purseOf } from './wording'
import type { LedgerRow } from './types'

export interface Range { from: number; to: number; reason: string }
export interface PurseRow extends LedgerRow { purse: string }

const PAGE = 100
const MOST_PAGES = 50

/** A notice speaks of the rows after its opening position, up to and with its cut-off. */
export function within(row: LedgerRow, range: Range): boolean {
  const inTime = row.position > range.from && row.position <= range.to
  return inTime && (range.reason === '' || row.reason === range.reason)
}

export function sumOf(rows: { amount_fen: number }[]): number {
  return rows.reduce((sum, row) => sum + row.amount_fen, 0)
}

/** What was read; `whole` says whether it reaches down far enough to be added up. */
export interface Reading { rows: PurseRow[]; whole: boolean }

/** Read a purse from its newest row down until `enough` is met. */
async function readDown(purse: string, enough: (row: LedgerRow) => boolean): Promise<Reading> {
  const rows: PurseRow[] = []
  let cursor: string | null = null
  for (let page = 0; page < MOST_PAGES; page += 1) {
    const answer = await api.projectTransfers(purse, { cursor, limit: PAGE })
    rows.push(...answer.items.map((row) => ({ ...row, purse })))
    cursor = answer.next_cursor
    if (cursor === null || answer.items.some(enough)) return { rows, whole: true }
  }
  return { rows, whole: false }
}

/** All rows of these purses that a figure was added up from, newest first, each once. */
export async function rowsBehind(purses: string[], range: Range): Promise<Reading> {
  const read = await Promise.all(purses.map((purse) => readDown(purse, (row) => row.position <= range.from)))
  const rows = read.reduce<PurseRow[]>((all, one) => all.concat(one.rows), [])
  const seen = new Map(rows.filter((row) => within(row, range)).map((row) => [row.reference, row]))
  const sorted = Array.from(seen.values()).sort((a, b) => b.position - a.position)
  return { rows: sorted, whole: read.every((one) => one.whole) }
}

/** The rows down to the one with this reference. */
export async function rowsDownTo(purse: string, reference: string): Promise<PurseRow[]> {
  return (await readDown(purse, (row) => row.reference === reference)).rows
}

/** Titles of the purses that a page tells of, by their codes. */
export type Purses = Record<string, string>

/** 1 where a row brings money into these purses, -1 where it takes it out, 0 where it moves inside them. */
export function wayOf(row: LedgerRow, purses: Purses): number {
  return Number(purseOf(row.target) in purses) - Number(purseOf(row.source) in purses)
}

/** What these rows leave in the purses together. */
export function netOf(rows: LedgerRow[], purses: Purses): number {
  return rows.reduce((sum, row) => sum + wayOf(row, purses) * row.amount_fen, 0)
}

/** What these rows leave in each account of the purses: what came in less what went out. */
export function leftIn(rows: LedgerRow[], purses: Purses): { account: string; amount_fen: number }[] {
  const left = new Map<string, number>()
  const move = (account: string, fen: number): void => {
    if (purseOf(account) in purses) left.set(account, (left.get(account) ?? 0) + fen)
  }
  for (const row of rows) {
    move(row.source, -row.amount_fen)
    move(row.target, row.amount_fen)
  }
  return Array.from(left, ([account, amount_fen]) => ({ account, amount_fen })).sort((a, b) => (a.account < b.account ? -1 : 1))
}
