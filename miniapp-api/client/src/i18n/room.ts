/** A room's own table of texts: it lies beside the public one, so that who never enters the room never waits for it. */
import { shallowRef, watch } from 'vue'
import { locale } from '@/i18n'

type Table = Record<string, string>
type Params = Record<string, string | number>

/** Return what speaks a room's texts; the English ones are fetched when somebody wants English. */
export function speakerOf<T extends Table>(zh: T, fetchEnglish: () => Promise<T>): (key: keyof T & string, params?: Params) => string {
  const english = shallowRef<T | null>(null)
  watch(
    locale,
    async (spoken) => {
      if (spoken === 'en' && !english.value) english.value = await fetchEnglish()
    },
    { immediate: true },
  )
  return (key, params = {}) => {
    const table = locale.value === 'en' && english.value ? english.value : zh
    return table[key].replace(/\{(\w+)\}/g, (hole: string, name: string) => (name in params ? String(params[name]) : hole))
  }
}
