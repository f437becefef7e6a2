/** Masked values at the desk: opening one for a reason, and the log of who opened what. */
import { atDesk, deed } from './deskSession'
import { textFaults, type Fault } from './deskFaults'
import type { DeskOpening } from './deskTypes'
import type { List } from './types'

export const WHY_MIN = 4
export const WHY_MAX = 100
const at = encodeURIComponent

/** The value stands in this one answer: nothing of it is kept on the phone. */
const opened = (thing: string, path: string) => async (reason: string): Promise<string> =>
  (await deed<{ value: string }>(`open:${thing}`, path, { reason })).value

export const openName = (activity: string, person: string) =>
  opened(`${activity}:${person}`, `/desk/activities/${at(activity)}/volunteers/${at(person)}/openings`)
/** The guardian of a minor on the roll: what he is called, or his number. */
export const openGuardian = (activity: string, person: string, what: 'name' | 'phone') =>
  opened(`${activity}:${person}:guardian-${what}`, `/desk/activities/${at(activity)}/volunteers/${at(person)}/guardian-${what}/openings`)
export const openReason = (refund: string) => opened(refund, `/desk/refunds/${at(refund)}/openings`)
export const openings = (cursor: string | null = null) => atDesk<List<DeskOpening>>('GET', '/desk/openings', { query: { cursor } })

export function whyFaults(reason: string): Fault[] {
  const faults = textFaults('reason', reason, WHY_MAX)
  if (!faults.length && reason.trim().length < WHY_MIN) faults.push({ field: 'reason', say: 'fault.why_short' })
  return faults
}
