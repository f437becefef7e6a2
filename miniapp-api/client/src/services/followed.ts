/** Villages that this phone follows. Kept on the phone only: whom one follows is nobody's business. */
import { ref } from 'vue'
import { store } from './store'

const KEY = 'followed_villages'
const MOST = 20

export const followed = ref<string[]>([])

export function startFollowing(): void {
  followed.value = store.read<string[]>(KEY, [])
}

export function isFollowed(code: string): boolean {
  return followed.value.includes(code)
}

export function toggleFollow(code: string): void {
  const others = followed.value.filter((one) => one !== code)
  followed.value = others.length < followed.value.length ? others : [code, ...others].slice(0, MOST)
  store.write(KEY, followed.value)
}
