/** The contract with the server about giving a gift back; apart, since few pages ask. */
import { once } from './intent'
import { sendAsPerson } from './session'
import type { GiftRefunds } from './types'

const at = encodeURIComponent

export const giftRefunds = (code: string) => sendAsPerson<GiftRefunds>('GET', `/gifts/${at(code)}/refunds`)
export const askRefund = (code: string, form: { amount_fen: number; reason: string }) =>
  once(`refund:${code}`, form, (key) => sendAsPerson<GiftRefunds>('POST', `/gifts/${at(code)}/refunds`, { body: form, key }))
export const withdrawRefund = (code: string, refund: string) =>
  once(`withdraw:${refund}`, {}, (key) =>
    sendAsPerson<GiftRefunds>('POST', `/gifts/${at(code)}/refunds/${at(refund)}/withdrawal`, { key }),
  )
