/** What a giver can choose from. No chip is "recommended", and there is no smallest gift but one fen. */
import { t } from '@/i18n'
import { plain } from './money'
import type { Display } from './types'

export interface Choice { id: string; text: string }

const CHIPS_FEN = [10_00, 20_00, 50_00, 100_00, 200_00, 500_00]
const DISPLAYS: Display[] = ['anonymous', 'nickname', 'real_name']

export function amountChoices(): Choice[] {
  return CHIPS_FEN.map((fen) => ({ id: String(fen), text: plain(fen) }))
}

export function displayChoices(): Choice[] {
  return DISPLAYS.map((display) => ({ id: display, text: t(`display.${display}`) }))
}
