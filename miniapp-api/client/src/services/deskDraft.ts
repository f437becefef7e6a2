/** What is being typed at the desk, kept on this phone until it has been sent: nothing is typed twice. */
import { onScopeDispose, reactive, ref, watch } from 'vue'
import { desk } from './deskSession'
import { store } from './store'

const SETTLE_MS = 300

/** A draft belongs to the region whose desk wrote it: on a shared phone the next village does not meet it. */
export function draftKey(name: string): string {
  return `desk_draft:${desk.value?.staff.region.code ?? ''}:${name}`
}

/** Take up what was kept under this name, or begin anew; an older draft gets the fields that it does not know. */
export function useKept<T extends object>(name: string, blank: () => T) {
  const key = draftKey(name)
  const kept = store.read<Partial<T> | null>(key, null)
  const draft = reactive({ ...blank(), ...kept }) as T
  const resumed = ref(kept !== null)
  let timer: ReturnType<typeof setTimeout> | undefined
  let dirty = false
  let sent = false

  function keep(): void {
    clearTimeout(timer)
    if (dirty && !sent) store.write(key, JSON.parse(JSON.stringify(draft)))
    dirty = false
  }
  watch(draft, () => {
    dirty = true
    clearTimeout(timer)
    timer = setTimeout(keep, SETTLE_MS)
  })
  /** It has been sent: nothing of it stays on the phone. */
  function done(): void {
    sent = true
    clearTimeout(timer)
    store.drop(key)
  }
  function startOver(): void {
    Object.assign(draft, blank())
    resumed.value = false
    store.drop(key)
  }
  onScopeDispose(keep)
  return { draft, resumed, done, startOver }
}
