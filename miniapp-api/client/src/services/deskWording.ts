/** The desk's words for problems and states. */
import { d, dOr } from '@/i18n/desk'
import { locale, tOr } from '@/i18n'
import { yuan } from './money'
import { explain, type Problem } from './problem'

/** 75 seconds are "1 min 15 s"; a lockout says how long it lasts. */
export function waitText(seconds: number): string {
  const s = seconds % 60
  const m = (seconds - s) / 60
  if (m === 0) return d('wait.seconds', { s })
  return s === 0 ? d('wait.minutes', { m }) : d('wait.both', { m, s })
}

function factsOf(problem: Problem): Record<string, string> {
  const told: Record<string, string> = {}
  for (const [name, value] of Object.entries(problem.facts)) {
    if (typeof value !== 'number') continue
    told[name] = name.endsWith('_fen') ? yuan(value) : String(value)
  }
  return told
}

/** Refusals for which the desk has better words than the server, in Chinese too. */
const OWN = ['FOUR_EYES', 'SESSION_NEEDED', 'BALANCE_TOO_SMALL', 'FORBIDDEN']

/** The sentence for the person: what to do where the network failed, else the server's or our own words. */
export function explainAtDesk(problem: Problem): string {
  if (problem.kind !== 'refused') return problem.kind === 'broken' ? explain(problem) : d('problem.not_sent')
  if (problem.code === 'LOGIN_LOCKED' && typeof problem.facts.wait_seconds === 'number') {
    return d('login.locked', { wait: waitText(problem.facts.wait_seconds) })
  }
  if (locale.value === 'zh-Hans' && problem.detail && !OWN.includes(problem.code)) return problem.detail
  const general = tOr(`refusal.${problem.code}`, problem.detail || explain(problem))
  return dOr(`refusal.${problem.code}`, general, factsOf(problem))
}

export function roleName(role: string): string {
  return dOr(`role.${role}`, role)
}
