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

/** Our own words for what we know; else the server's Chinese sentence; else the general ones. */
export function explainAtDesk(problem: Problem): string {
  if (problem.kind !== 'refused') return problem.kind === 'broken' ? explain(problem) : d('problem.not_sent')
  if (problem.code === 'LOGIN_LOCKED' && typeof problem.facts.wait_seconds === 'number') {
    return d('login.locked', { wait: waitText(problem.facts.wait_seconds) })
  }
  if (locale.value === 'zh-Hans' && problem.detail) return dOr(`own.${problem.code}`, problem.detail)
  return dOr(`refusal.${problem.code}`, tOr(`refusal.${problem.code}`, problem.detail || explain(problem)), factsOf(problem))
}

export function roleName(role: string): string {
  return dOr(`role.${role}`, role)
}
