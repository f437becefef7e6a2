/**
 * One key for one intended action. A tap, its double tap, its retry after a lost answer and the same
 * tap after the app was closed are one intention; another amount, or a second gift after the first
 * one was acknowledged, is a new one.
 */
import { asProblem } from './problem'
import { store } from './store'

/** `mark` tells one body from another and holds none of its words: names and numbers do not stay on the phone. */
interface Kept { key: string; mark: string; made_ms: number }

const REMEMBER_MS = 30 * 60 * 1000
const running = new Map<string, Promise<unknown>>()

export function newKey(): string {
  const hex = '0123456789abcdef'
  let key = ''
  for (let i = 0; i < 32; i += 1) key += hex[Math.floor(Math.random() * 16)]
  return `${Date.now().toString(36)}-${key}`
}

/** Sixty-four bits of the text, by FNV-1a from two beginnings; were two ever alike, the server refuses the second. */
function markOf(text: string): string {
  let [one, other] = [0x811c9dc5, 0x9747b28c]
  for (let i = 0; i < text.length; i += 1) {
    one = Math.imul(one ^ text.charCodeAt(i), 0x01000193)
    other = Math.imul(other ^ text.charCodeAt(i), 0x01000193)
  }
  return `${text.length}:${(one >>> 0).toString(36)}${(other >>> 0).toString(36)}`
}

export function keyFor(action: string, body: object, now_ms = Date.now()): string {
  const mark = markOf(JSON.stringify(body))
  const kept = store.read<Kept | null>(`intent:${action}`, null)
  if (kept && kept.mark === mark && now_ms - kept.made_ms < REMEMBER_MS) return kept.key
  const key = newKey()
  store.write(`intent:${action}`, { key, mark, made_ms: now_ms })
  return key
}

/** Do an action once: a second call while the first runs joins it instead of starting again. */
export function once<T>(action: string, body: object, act: (key: string) => Promise<T>): Promise<T> {
  const same = `${action} ${JSON.stringify(body)}`
  const already = running.get(same)
  if (already) return already as Promise<T>
  const run = settle(action, act(keyFor(action, body))).finally(() => running.delete(same))
  running.set(same, run)
  return run
}

async function settle<T>(action: string, answer: Promise<T>): Promise<T> {
  try {
    const told = await answer
    store.drop(`intent:${action}`)
    return told
  } catch (thrown) {
    // The answer may have been lost after the deed was done: only a clear refusal ends the intention.
    const problem = asProblem(thrown)
    if (problem.kind === 'refused' && !problem.retryable) store.drop(`intent:${action}`)
    throw problem
  }
}
