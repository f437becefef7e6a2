/** The texts of logging in, of one's own account, messages and yearly statement. */
import { speakerOf } from '@/i18n/room'
import { explain, type Problem } from '@/services/problem'
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
export const m = speakerOf(zh, fetchEnglish)

/** The sentence for a refusal of this room; any other is explained as everywhere. */
export function explainMine(problem: Problem): string {
  const key = `refusal.${problem.code}`
  return problem.kind === 'refused' && key in zh ? m(key as keyof typeof zh) : explain(problem)
}
