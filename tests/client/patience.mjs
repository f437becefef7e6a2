/** A connection that broke says nothing of what became of the request: the same one again, for a while. */
import { setTimeout as pause } from 'node:timers/promises'

const FOR_MS = 60_000
const EVERY_MS = 250
/** What fetch says when nobody answered, or not to the end. */
const UNANSWERED = /^(fetch failed|terminated)$/

/** Ask until somebody answers, whatever the answer is. What is asked twice must be the same thing under the same key. */
export async function persists(ask) {
  for (const until = Date.now() + FOR_MS; ; await pause(EVERY_MS)) {
    try {
      return await ask()
    } catch (thrown) {
      if (!UNANSWERED.test(thrown.message) || Date.now() > until) throw thrown
    }
  }
}

/** Look again and again until it is so; what was seen last is told when it never is. */
export async function becomes(look, isSo, { within_ms = FOR_MS } = {}) {
  for (const until = Date.now() + within_ms; ; await pause(EVERY_MS)) {
    const seen = await look()
    if (isSo(seen)) return seen
    if (Date.now() > until) throw new Error(`it never came so; last seen: ${JSON.stringify(seen)?.slice(0, 2000)}`)
  }
}
