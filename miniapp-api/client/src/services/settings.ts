/** What holds for every page at once: type size, network, and which environment this is. */
import { ref } from 'vue'
import { watchNetwork } from './platform'
import { store } from './store'
import type { AppInfo } from './types'

export const large = ref(false)
export const online = ref(true)
export const app = ref<AppInfo | null>(null)

export function toggleLarge(): void {
  large.value = !large.value
  store.write('large_type', large.value)
}

export function startSettings(): void {
  large.value = store.read('large_type', false)
  watchNetwork((connected) => {
    online.value = connected
  })
}
