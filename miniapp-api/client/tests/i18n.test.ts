/** Every text exists in both languages, and says the same blanks. */
import { afterEach, describe, expect, it } from 'vitest'
import { locale, speak, startSpeaking, t, tOr } from '@/i18n'
import en from '@/i18n/en.json'
import zh from '@/i18n/zh-Hans.json'
import { kept } from './uni-world'

const blanks = (text: string): string[] => (text.match(/\{\w+\}/g) ?? []).sort()

afterEach(() => speak('zh-Hans'))

describe('the two tables', () => {
  it('have the same keys', () => {
    expect(Object.keys(en)).toEqual(Object.keys(zh))
  })

  it.each(Object.keys(zh) as (keyof typeof zh)[])('%s has the same blanks and is not empty', (key) => {
    expect(blanks(en[key])).toEqual(blanks(zh[key]))
    expect(zh[key].trim() && en[key].trim()).not.toBe('')
  })

  it('never call for a ranking, a least gift or those who did not give', () => {
    expect(Object.values(zh).join('\n')).not.toMatch(/最低捐|起捐|排行|未捐|没捐款的/)
  })
})

describe('a text', () => {
  it('fills its blanks and leaves unknown ones standing', () => {
    expect(t('project.days_left', { n: 18 })).toBe('还有 18 天')
    expect(t('project.days_left')).toBe('还有 {n} 天')
  })

  it('follows the language that was chosen, and is kept on the phone', async () => {
    await speak('en')
    expect(t('project.give')).toBe('Give')
    expect(document.documentElement.lang).toBe('en')
    expect(kept.get('locale')).toBe('en')
    await startSpeaking()
    expect(locale.value).toBe('en')
  })

  it('for a value that the server added later is the value itself', () => {
    expect(tOr('reason.lottery', 'lottery')).toBe('lottery')
    expect(tOr('reason.gift', 'gift')).toBe('捐款')
  })
})
