/** The desk's own table of texts. It lies beside the public one so that villagers never wait for it. */
import { speakerOf } from '@/i18n/room'
import zh from './zh-Hans.json'
// #ifndef H5
import en from './en.json'
// #endif

export type DeskKey = keyof typeof zh

async function fetchEnglish(): Promise<typeof zh> {
  // #ifdef H5
  return (await import('./en.json')).default
  // #endif
  // #ifndef H5
  return en
  // #endif
}

/** The desk's text under this key, with `{name}` replaced by params.name. */
export const d = speakerOf(zh, fetchEnglish)

/** Texts for values that the server may add to later: an unknown one is shown as given. */
export function dOr(key: string, otherwise: string, params: Record<string, string | number> = {}): string {
  return key in zh ? d(key as DeskKey, params) : otherwise
}
