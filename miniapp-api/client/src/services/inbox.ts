/** How many messages wait unread: asked only where this phone has a person, so that a mere visitor asks nothing more. */
import { ref } from 'vue'
import { send } from './http'
import { isKnown } from './session'
import type { Message } from './loginTypes'
import type { List } from './types'

export const unread = ref(0)

export interface Inbox extends List<Message> { unread: number }

/** A number beside a word is a comfort: when it cannot be had, nothing else suffers. */
export async function countUnread(): Promise<void> {
  if (!isKnown()) {
    unread.value = 0
    return
  }
  try {
    unread.value = (await send<Inbox>('GET', '/me/messages', { query: { limit: 1 } })).unread
  } catch {
    // The old number stays.
  }
}

export async function markRead(up_to: string): Promise<void> {
  unread.value = (await send<{ unread: number }>('POST', '/me/messages/read', { body: { up_to } })).unread
}
