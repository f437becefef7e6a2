/** Payouts and waiting money at the desk: which step is whose, what became of it, and where money is best given. */
import { d } from '@/i18n/desk'
import type { DeskAction, Payout, PurseName, WaitingMoney } from './deskTypes'
import { moment } from './time'

export type PayoutStep = 'approve' | 'refuse' | 'withdraw'

/** The steps that somebody may take now: one's own is withdrawn, another's is approved or refused. */
export function stepsOf(payout: Payout, can: (action: DeskAction) => boolean): PayoutStep[] {
  if (payout.state !== 'waiting') return []
  if (payout.is_mine) return can('payouts.propose') ? ['withdraw'] : []
  return can('payouts.approve') ? ['approve', 'refuse'] : []
}

/** What became of a payout, in words: who did it, or that nobody had to. Nothing while it waits. */
export function endOf(payout: Payout): { text: string; at: string; reason: string } | null {
  if (payout.state === 'waiting') return null
  const name = payout.approved_by ?? payout.ended_by ?? ''
  const reason = payout.end_reason ? d('payout.reason', { reason: payout.end_reason }) : ''
  return { text: d(`payout.${payout.state}_by`, { name }), at: moment(payout.approved_at ?? payout.ended_at), reason }
}

/** A list in three parts: what waits, what was paid, what ended without money. */
export function parted(list: Payout[]): Record<'waiting' | 'paid' | 'ended', Payout[]> {
  return {
    waiting: list.filter((one) => one.state === 'waiting'),
    paid: list.filter((one) => one.state === 'approved'),
    ended: list.filter((one) => !['waiting', 'approved'].includes(one.state)),
  }
}

export const named = (purse: PurseName): string => `${purse.title} · ${purse.village_name}`

/** What the giver had meant, in words; said too where nobody can know. */
export function wishOf(money: WaitingMoney): string {
  if (!money.meant_for) return d('waiting.unknown')
  return d(`waiting.meant_${money.meant_for.state}`, { purse: named(money.meant_for) })
}

/** What can be chosen: the offers first and marked, then the others, each once. */
export function choicesOf(offers: PurseName[], others: PurseName[]): { id: string; text: string }[] {
  const offered = new Set(offers.map((one) => one.code))
  return [
    ...offers.map((one) => ({ id: one.code, text: d('waiting.offer', { purse: named(one) }) })),
    ...others.filter((one) => !offered.has(one.code)).map((one) => ({ id: one.code, text: named(one) })),
  ]
}
