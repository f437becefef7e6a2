/**
 * Our own twenty lines: vue-i18n's message compiler is missing in the mini-program build, where
 * "{n}" would be shown to people as it stands. Keys are checked by the compiler.
 */
import { ref, shallowRef } from 'vue'
import zh from './zh-Hans.json'
// #ifndef H5
import en from './en.json'
// #endif
import { store } from '@/services/store'

export type Key = keyof typeof zh
export type Locale = 'zh-Hans' | 'en'
type Table = Record<Key, string>

export const locale = ref<Locale>('zh-Hans')
const tables = shallowRef<Partial<Record<Locale, Table>>>({ 'zh-Hans': zh })

/** The text under this key, with `{name}` replaced by params.name. */
export function t(key: Key, params: Record<string, string | number> = {}): string {
  const text = (tables.value[locale.value] ?? zh)[key]
  return text.replace(/\{(\w+)\}/g, (hole, name: string) => (name in params ? String(params[name]) : hole))
}

/** Texts for values that the server may add to later: an unknown one is shown as it came. */
export function tOr(key: string, otherwise: string): string {
  return key in zh ? t(key as Key) : otherwise
}

async function english(): Promise<Table> {
  // #ifdef H5
  return (await import('./en.json')).default
  // #endif
  // #ifndef H5
  return en
  // #endif
}

export async function speak(next: Locale): Promise<void> {
  if (next === 'en' && !tables.value.en) tables.value = { ...tables.value, en: await english() }
  locale.value = next
  store.write('locale', next)
  // #ifdef H5
  document.documentElement.lang = next
  // #endif
}

export function startSpeaking(): Promise<void> {
  return speak(store.read<Locale>('locale', 'zh-Hans') === 'en' ? 'en' : 'zh-Hans')
}
