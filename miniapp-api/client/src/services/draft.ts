/** A gift while it is being thought about: what was chosen, what is wrong with it, what to send. */
import { computed, reactive } from 'vue'
import { parseYuan, type AmountFault } from './money'
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
    ...(via ? { via } : {}),
  }
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
