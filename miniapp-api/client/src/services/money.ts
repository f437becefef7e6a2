/** Fen in, yuan text out, and back. Integers only, so 29 fen never becomes 0.28999. */

/** The largest single gift that the platform takes: 5,000,000 yuan. */
export const AMOUNT_FEN_MAX = 500_000_000

export type AmountFault = 'empty' | 'not_a_number' | 'too_fine' | 'zero' | 'too_much'
export type ParsedAmount = { fen: number } | { fault: AmountFault }

const WRITTEN = /^(\d{1,12})(?:\.(\d*))?$/

/** `¥1,234.50` or, for whole yuan, `¥1,234`. */
export function yuan(fen: number): string {
  const sign = fen < 0 ? '-' : ''
  return `${sign}¥${plain(Math.abs(fen))}`
}

/** The same without the sign of the currency, for places that print the unit themselves. */
export function plain(fen: number): string {
  const digits = String(fen).padStart(3, '0')
  const whole = grouped(digits.slice(0, -2))
  const cents = digits.slice(-2)
  return cents === '00' ? whole : `${whole}.${cents}`
}

function grouped(digits: string): string {
  return digits.replace(/\B(?=(\d{3})+$)/g, ',')
}

/** Full-width figures and marks, as Chinese keyboards write them, read like their plain brothers. */
function halfWidth(text: string): string {
  return text
    .replace(/[０-９．，]/g, (char) => String.fromCharCode(char.charCodeAt(0) - 0xfee0))
    .replace(/[。]/g, '.')
}

/** Read an amount as a person writes it; at most two decimals, and never through a float. */
export function parseYuan(text: string, max_fen = AMOUNT_FEN_MAX): ParsedAmount {
  const written = halfWidth(text).replace(/[\s,¥￥元]/g, '')
  if (written === '') return { fault: 'empty' }
  const found = WRITTEN.exec(written)
  if (!found) return { fault: 'not_a_number' }
  const [, whole, decimals = ''] = found
  if (decimals.length > 2) return { fault: 'too_fine' }
  const fen = parseInt(whole + decimals.padEnd(2, '0'), 10)
  if (fen === 0) return { fault: 'zero' }
  return fen > max_fen ? { fault: 'too_much' } : { fen }
}

/** How far a collection is, in whole per cent, rounded down so that 100 means reached. */
export function percent(part_fen: number, whole_fen: number): number {
  if (whole_fen <= 0) return 0
  const hundredfold = part_fen * 100
  return (hundredfold - (hundredfold % whole_fen)) / whole_fen
}
