/** The texts for a volunteer under eighteen and his guardian. */
import { speakerOf } from '@/i18n/room'
import zh from './zh-Hans.json'
// #ifndef H5
import en from './en.json'
// #endif

async function fetchEnglish(): Promise<typeof zh> {
  // #ifdef H5
  return (await import('./en.json')).default
  // #endif
  // #ifndef H5
  return en
  // #endif
}

/** The text under this key, with `{name}` replaced by params.name. */
export const y = speakerOf(zh, fetchEnglish)
