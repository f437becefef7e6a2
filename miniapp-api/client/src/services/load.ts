/** The states that every page draws: loading, there, empty, and what went wrong. */
import { ref, shallowRef, type Ref, type ShallowRef } from 'vue'
import { asProblem, type Problem } from './problem'
import type { List } from './types'

export interface Loaded<T> {
  data: ShallowRef<T | null>
  problem: ShallowRef<Problem | null>
  busy: Ref<boolean>
  load: () => Promise<void>
}

/** Hold one answer. A failed refresh keeps what was already there, so that nothing vanishes offline. */
export function useOne<T>(fetch: () => Promise<T>): Loaded<T> {
  const data = shallowRef<T | null>(null)
  const problem = shallowRef<Problem | null>(null)
  const busy = ref(false)
  let newest = 0
  const load = async (): Promise<void> => {
    newest += 1
    const mine = newest
    busy.value = true
    try {
      const answer = await fetch()
      if (mine !== newest) return
      data.value = answer
      problem.value = null
    } catch (thrown) {
      if (mine === newest) problem.value = asProblem(thrown)
    } finally {
      if (mine === newest) busy.value = false
    }
  }
  return { data, problem, busy, load }
}

export interface LoadedList<T> extends Loaded<T[]> {
  more: Ref<boolean>
  loadMore: () => Promise<void>
}

/** Hold a cursor list, newest first, that grows by "more". */
export function useList<T>(fetch: (cursor: string | null) => Promise<List<T>>): LoadedList<T> {
  const more = ref(false)
  let cursor: string | null = null
  const keep = (answer: List<T>): T[] => {
    cursor = answer.next_cursor
    more.value = cursor !== null
    return answer.items
  }
  const first = useOne<T[]>(async () => keep(await fetch(null)))
  const loadMore = async (): Promise<void> => {
    if (first.busy.value || !cursor) return
    first.busy.value = true
    try {
      const next = keep(await fetch(cursor))
      first.data.value = [...(first.data.value ?? []), ...next]
      first.problem.value = null
    } catch (thrown) {
      first.problem.value = asProblem(thrown)
    } finally {
      first.busy.value = false
    }
  }
  return { ...first, more, loadMore }
}
