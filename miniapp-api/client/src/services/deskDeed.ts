/** Doing one thing at the desk: one at a time, and a failure that says what to do and loses nothing. */
import { computed, nextTick, ref, shallowRef } from 'vue'
import { explainAtDesk } from './deskWording'
import { fieldOf, type Fault } from './deskFaults'
import { d } from '@/i18n/desk'
import { asProblem, type Problem } from './problem'

const ROOM_ABOVE_PX = 180

export function useDeed() {
  const busy = ref(false)
  const problem = shallowRef<Problem | null>(null)
  const wrong = computed(() => (problem.value ? explainAtDesk(problem.value) : ''))

  /** Whether the deed was done; while one runs, a second tap does nothing. */
  async function run(act: () => Promise<unknown>): Promise<boolean> {
    if (busy.value) return false
    busy.value = true
    problem.value = null
    try {
      await act()
      return true
    } catch (thrown) {
      problem.value = asProblem(thrown)
      return false
    } finally {
      busy.value = false
    }
  }
  return { busy, problem, wrong, run }
}

/** Bring the first red words into sight, with their field above them. */
function showFirst(): void {
  uni.pageScrollTo({ selector: '.main .fault', offsetTop: -ROOM_ABOVE_PX, duration: 0, fail: () => undefined })
}

/** The faults of a form, as words by field: shown once somebody has tried to send it, gone as soon as mended. */
export function useFaults(find: () => Fault[], refused: () => Problem | null) {
  const tried = ref(false)
  const faults = computed(find)
  const said = computed(() => {
    const words: Record<string, string> = {}
    for (const fault of tried.value ? faults.value : []) words[fault.field] ??= d(fault.say, fault.params)
    const problem = refused()
    const field = problem ? fieldOf(problem) : ''
    if (problem && field) words[field] ??= explainAtDesk(problem)
    return words
  })
  const summary = computed(() => (tried.value && faults.value.length ? d('form.faults', { n: faults.value.length }) : ''))
  /** Whether it may be sent; where not, from now on every fault is shown. */
  function pass(): boolean {
    tried.value = true
    if (faults.value.length) void nextTick(showFirst)
    return faults.value.length === 0
  }
  return { said, summary, pass, tried }
}
