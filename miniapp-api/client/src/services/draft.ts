/** A gift while it is being thought about: what was chosen, what is wrong with it, what to send. */
import { computed, reactive } from 'vue'
import { parseYuan, type AmountFault } from './money'
import { store } from './store'
import type { Display, GiftOrder } from './types'

export const NAME_LIMIT = 20
export const MESSAGE_LIMIT = 100

export interface Draft {
  chip: string
  free: string
  display: Display
  name: string
  hide_amount: boolean
  message: string
  waives_receipt?: boolean
}

export type Fault = `amount.${AmountFault}` | 'name.empty' | 'name.long' | 'message.long'

const length = (text: string): number => Array.from(text).length

/** The amount: what was written by hand wins over a chip, for it was said last. */
export function amountOf(draft: Draft): { fen: number } | { fault: AmountFault } {
  return draft.free.trim() === '' && draft.chip !== '' ? { fen: parseInt(draft.chip, 10) } : parseYuan(draft.free)
}

export function nameFault(draft: Pick<Draft, 'display' | 'name'>): Fault | null {
  if (draft.display === 'anonymous') return null
  if (draft.name.trim() === '') return 'name.empty'
  return length(draft.name.trim()) > NAME_LIMIT ? 'name.long' : null
}

export function faultsOf(draft: Draft): Fault[] {
  const amount = amountOf(draft)
  const name = nameFault(draft)
  return [
    ...('fault' in amount ? [`amount.${amount.fault}` as const] : []),
    ...(name ? [name] : []),
    ...(length(draft.message.trim()) > MESSAGE_LIMIT ? ['message.long' as const] : []),
  ]
}

/** What the server is told; only to be asked of a draft without faults. */
export function orderOf(draft: Draft, via?: string): GiftOrder {
  const amount = amountOf(draft)
  const name = draft.name.trim()
  const message = draft.message.trim()
  return {
    amount_fen: 'fen' in amount ? amount.fen : 0,
    display: draft.display,
    hide_amount: draft.hide_amount,
    ...(draft.display !== 'anonymous' && name ? { name } : {}),
    ...(message ? { message } : {}),
    ...(draft.waives_receipt ? { waives_receipt: true as const } : {}),
    ...(via ? { via } : {}),
  }
}

const LEFT = 'draft_left'
const LEFT_FOR_MS = 10 * 60 * 1000

/** The page is left for WeChat's login and comes back: what was chosen waits for it on this phone, for ten minutes. */
export function leaveDraft(project: string, draft: Draft, now_ms = Date.now()): void {
  store.write(LEFT, { project, draft: { ...draft }, left_ms: now_ms })
}

/** What was chosen for this project before the page was left; taken once. */
export function takeDraft(project: string, now_ms = Date.now()): Draft | null {
  const left = store.read<{ project: string; draft: Draft; left_ms: number } | null>(LEFT, null)
  store.drop(LEFT)
  return left && left.project === project && now_ms - left.left_ms < LEFT_FOR_MS ? left.draft : null
}

export function useDraft() {
  const draft = reactive<Draft>({ chip: '', free: '', display: 'anonymous', name: '', hide_amount: false, message: '' })
  const fen = computed(() => {
    const amount = amountOf(draft)
    return 'fen' in amount ? amount.fen : null
  })
  const faults = computed(() => faultsOf(draft))
  return { draft, fen, faults }
}
