/**
 * How long the code on the screen is still right. The server says until when; the phone's own clock
 * may be wrong by minutes, so what it is wrong by is learnt from the answers themselves: at the moment
 * of an answer the server's clock stood within the half minute before `valid_until`.
 */
const WINDOW_MS = 30_000

/** Server time minus phone time lies within these two. */
export interface Skew { least_ms: number; most_ms: number }

export function learn(known: Skew | null, valid_until: string, phone_ms: number): Skew {
  const until = Date.parse(valid_until)
  const fresh = { least_ms: until - WINDOW_MS - phone_ms, most_ms: until - phone_ms }
  if (!known) return fresh
  const both = { least_ms: Math.max(known.least_ms, fresh.least_ms), most_ms: Math.min(known.most_ms, fresh.most_ms) }
  // Somebody set the phone's clock meanwhile: what was learnt before no longer holds.
  return both.least_ms > both.most_ms ? fresh : both
}

/** The correction to believe: none where the phone may be right, else the smallest one. */
export function correction(skew: Skew): number {
  return Math.min(Math.max(0, skew.least_ms), skew.most_ms)
}

/** Milliseconds until the code changes; 0 when it is over. */
export function leftOf(valid_until: string, skew: Skew, phone_ms: number): number {
  return Math.max(0, Date.parse(valid_until) - (phone_ms + correction(skew)))
}

/** When to ask for the next code: just after the change, and never in a rush. */
export function pauseBefore(left_ms: number): number {
  return Math.max(1500, left_ms + 300)
}
