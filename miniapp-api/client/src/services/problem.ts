/** What can go wrong between the phone and the server, told apart by what the person can do about it. */
import { t, tOr } from '@/i18n'

export type ProblemKind = 'offline' | 'timeout' | 'refused' | 'broken'

export class Problem extends Error {
  constructor(
    readonly kind: ProblemKind,
    readonly code: string,
    readonly status = 0,
    /** The server's own Chinese sentence; shown only where this client has no text for the code. */
    readonly detail = '',
    readonly retryable = kind !== 'refused',
    readonly fields: Record<string, unknown> = {},
    /** What stands beside the usual members: how long to wait, how much is left. */
    readonly facts: Record<string, unknown> = {},
  ) {
    super(code)
  }
}

interface ProblemBody { code?: string; detail?: string; retryable?: boolean; fields?: Record<string, unknown> }

/** Read an application/problem+json answer; anything else is a broken server, whatever it says. */
export function problemFrom(status: number, body: unknown): Problem {
  const told = (typeof body === 'object' && body !== null ? body : {}) as ProblemBody
  if (!told.code || status >= 500) {
    return new Problem('broken', told.code ?? `HTTP_${status}`, status, told.detail ?? '', true)
  }
  return new Problem('refused', told.code, status, told.detail ?? '', told.retryable ?? false, told.fields ?? {}, { ...told })
}

export function asProblem(thrown: unknown): Problem {
  return thrown instanceof Problem ? thrown : new Problem('broken', 'CLIENT_FAULT', 0, String(thrown))
}

/** The sentence for the person: ours for a code we know, in this act's own words first, else the server's or a general one. */
export function explain(problem: Problem, act = ''): string {
  if (problem.kind === 'offline') return t('problem.offline')
  if (problem.kind === 'timeout') return t('problem.timeout')
  const general = tOr(`refusal.${problem.code}`, problem.detail || t('problem.broken'))
  return tOr(`refusal.${act}.${problem.code}`, general)
}
