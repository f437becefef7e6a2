/**
 * Ask again and again until the money is heard of, more slowly with time, and never while nobody looks.
 * `expired` is the provider's own word that nothing was paid: nothing else ends the asking on an open page.
 */
import { computed, ref } from 'vue'
import { ownChange } from './http'
import { useOne } from './load'
import type { Gift, GiftState } from './types'

const FIRST_MS = 1200
const SLOWEST_MS = 8000
const LONG_MS = 10 * 60 * 1000
const RESTING_MS = 30 * 1000
const FINAL: GiftState[] = ['paid', 'redirected', 'expired']

export function isFinal(state: GiftState): boolean {
  return FINAL.includes(state)
}

/** Nothing more will come: arrived money is followed by its receipt, whose number comes seconds later. */
export function isWhole(gift: Gift): boolean {
  return isFinal(gift.state) && (gift.state === 'expired' || gift.receipt !== null || gift.waives_receipt)
}

/** The next pause: half as long again each time, up to the slowest. */
export function nextPause(pause_ms: number): number {
  return Math.min(Math.round((pause_ms * 3) / 2), SLOWEST_MS)
}

export function useSettled(ask: () => Promise<Gift>) {
  const one = useOne(ask)
  const resting = ref(false)
  let pause = FIRST_MS
  let spent = 0
  let timer: ReturnType<typeof setTimeout> | undefined
  const settled = computed(() => one.data.value !== null && isWhole(one.data.value))

  async function look(): Promise<void> {
    clearTimeout(timer)
    const before = one.data.value?.state
    await one.load()
    if (one.data.value?.state !== before) ownChange()
    resting.value = !settled.value && spent >= LONG_MS
    if (settled.value) return
    pause = resting.value ? RESTING_MS : pause
    timer = setTimeout(look, pause)
    spent += pause
    pause = nextPause(pause)
  }
  function start(): Promise<void> {
    pause = FIRST_MS
    spent = 0
    return look()
  }
  function stop(): void {
    clearTimeout(timer)
  }
  return { gift: one.data, problem: one.problem, busy: one.busy, settled, resting, start, stop }
}
