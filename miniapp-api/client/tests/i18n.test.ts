/** Every text exists in both languages, and says the same blanks. */
import { afterEach, describe, expect, it, vi } from 'vitest'
import { locale, speak, startSpeaking, t, tOr } from '@/i18n'
import en from '@/i18n/en.json'
import { explainMine, m } from '@/i18n/mine'
import mineEn from '@/i18n/mine/en.json'
import mineZh from '@/i18n/mine/zh-Hans.json'
import zh from '@/i18n/zh-Hans.json'
import { problemFrom } from '@/services/problem'
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

  it('of a room say the same in both languages too', () => {
    expect(Object.keys(mineEn)).toEqual(Object.keys(mineZh))
    const keys = Object.keys(mineZh) as (keyof typeof mineZh)[]
    for (const key of keys) expect(blanks(mineEn[key])).toEqual(blanks(mineZh[key]))
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

describe('a room of its own', () => {
  it('speaks the chosen language, and explains its own refusals', async () => {
    expect(m('me.phones_count', { n: 2 })).toBe('2 部手机能看到您的记录')
    expect(m('me.phones_count')).toContain('{n}')
    expect(explainMine(problemFrom(401, { code: 'PHONE_CODE_WRONG', detail: '服务器的话' }))).toContain('验证码不对')
    expect(explainMine(problemFrom(409, { code: 'SOMETHING', detail: '服务器的话' }))).toBe('服务器的话')
    await speak('en')
    await vi.waitFor(() => expect(m('me.log_out')).toBe('Log out'))
  })
})
