/** The desk's own table of texts. It lies beside the public one so that villagers never wait for it. */
import { shallowRef, watch } from 'vue'
import { locale } from '@/i18n'
import zh from './zh-Hans.json'
// #ifndef H5
import en from './en.json'
// #endif

export type DeskKey = keyof typeof zh
type Table = Record<DeskKey, string>

const english = shallowRef<Table | null>(null)

async function fetchEnglish(): Promise<Table> {
  // #ifdef H5
  return (await import('./en.json')).default
  // #endif
  // #ifndef H5
  return en
  // #endif
}

watch(
  locale,
  async (spoken) => {
    if (spoken === 'en' && !english.value) english.value = await fetchEnglish()
  },
  { immediate: true },
)

/** The desk's text under this key, with `{name}` replaced by params.name. */
export function d(key: DeskKey, params: Record<string, string | number> = {}): string {
  const table = locale.value === 'en' && english.value ? english.value : zh
  return table[key].replace(/\{(\w+)\}/g, (hole, name: string) => (name in params ? String(params[name]) : hole))
}

/** Texts for values that the server may add to later: an unknown one is shown as given. */
export function dOr(key: string, otherwise: string, params: Record<string, string | number> = {}): string {
  return key in zh ? d(key as DeskKey, params) : otherwise
}
