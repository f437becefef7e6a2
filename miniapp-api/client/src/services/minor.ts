/** A volunteer under eighteen: which band, who answers for him, and that he agreed. No birthday is asked. */
import { y } from '@/i18n/minor'
import type { Choice } from './choices'

export const GUARDIAN_LIMIT = 20
export type Band = '14_17' | 'under_14'
export interface Minor { band: Band; guardian_name: string; guardian_phone: string; guardian_agrees: true }
export interface MinorDraft { is_minor: boolean; band: Band | ''; guardian: string; phone: string; agrees: boolean }
export type MinorField = 'band' | 'guardian' | 'phone' | 'agrees'

const BANDS: Band[] = ['14_17', 'under_14']
/** As the server reads it: eleven digits that begin with 1, with what people write between and before them. */
const MOBILE = /^(?:\+?86|0086)?1[3-9]\d{9}$/

export const grownUp = (): MinorDraft => ({ is_minor: false, band: '', guardian: '', phone: '', agrees: false })

export function bandChoices(): Choice[] {
  return BANDS.map((band) => ({ id: band, text: y(`minor.band.${band}`) }))
}

/** What is wrong with what is told of a minor, by field, in words; nothing is asked of who is of age. */
export function minorFaults(draft: MinorDraft, name: string): Partial<Record<MinorField, string>> {
  if (!draft.is_minor) return {}
  const guardian = draft.guardian.trim()
  return {
    ...(draft.band ? {} : { band: y('minor.fault.band') }),
    ...(guardian ? {} : { guardian: y('minor.fault.guardian') }),
    ...(guardian && guardian === name.trim() ? { guardian: y('minor.fault.oneself') } : {}),
    ...(MOBILE.test(draft.phone.normalize('NFKC').replace(/[\s()-]/g, '')) ? {} : { phone: y('minor.fault.phone') }),
    ...(draft.agrees ? {} : { agrees: y('minor.fault.agrees') }),
  }
}

/** What is sent: nothing at all of who is of age. */
export function minorForm(draft: MinorDraft): Minor | undefined {
  if (!draft.is_minor || !draft.band || !draft.agrees) return undefined
  return { band: draft.band, guardian_name: draft.guardian.trim(), guardian_phone: draft.phone.trim(), guardian_agrees: true }
}
