/**
 * What the cashier on this phone said: no proof of anything, but who has just paid is not offered to pay once more,
 * nor told that nothing has come, however often he leaves the page and opens it again.
 */
import { reactive } from 'vue'
import { store } from './store'
import type { GiftState } from './types'

const SAID = 'said_paid'
const KEPT_MAX = 20
const told = reactive<string[]>(store.read<string[]>(SAID, []))

export function noteSaid(code: string): void {
  if (!saidPaid(code)) told.push(code)
  told.splice(0, told.length - KEPT_MAX)
  store.write(SAID, [...told])
}

export function saidPaid(code: string): boolean {
  return told.includes(code)
}

export function forgetSaid(): void {
  told.splice(0)
  store.drop(SAID)
}

/** A gift's state as its giver is told it: where the cashier said "paid", the server is being asked. */
export function shownState(gift: { code: string; state: GiftState }): GiftState {
  return gift.state === 'payable' && saidPaid(gift.code) ? 'confirming' : gift.state
}
