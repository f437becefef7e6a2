/** One intended gift is one key: over a double tap, a lost answer and a closed app. */
import { describe, expect, it } from 'vitest'
import * as api from '@/services/api'
import { keyFor } from '@/services/intent'
import type { GiftOrder } from '@/services/types'
import { refusal, serverAnswers, uniWorld } from './uni-world'

const order: GiftOrder = { amount_fen: 1999, display: 'anonymous', hide_amount: false }
const done = { status: 201, body: { code: 'G' } }
const keyOf = (sent: { header: Record<string, string> }): string => sent.header['Idempotency-Key']

describe('a gift', () => {
  it('tapped twice is sent once', async () => {
    const sent = serverAnswers(done)
    const [first, second] = await Promise.all([api.give('P', order), api.give('P', order)])
    expect(sent).toHaveLength(1)
    expect(first).toBe(second)
  })

  it('whose answer was lost is sent again with the same key', async () => {
    const sent = serverAnswers({ lost: 'request:fail' }, done)
    await expect(api.give('P', order)).rejects.toMatchObject({ kind: 'offline' })
    await api.give('P', order)
    expect(keyOf(sent[0])).toBe(keyOf(sent[1]))
  })

  it('keeps its key when the session had to be begun first', async () => {
    const sent = serverAnswers(refusal(401, 'SESSION_NEEDED'), { status: 201, body: { person: { code: 'p' } } }, done)
    await api.give('P', order)
    expect(keyOf(sent[0])).toBe(keyOf(sent[2]))
  })

  it('made a second time on purpose is a new one', async () => {
    const sent = serverAnswers(done)
    await api.give('P', order)
    await api.give('P', order)
    expect(keyOf(sent[0])).not.toBe(keyOf(sent[1]))
  })

  it('of another amount is a new one, even after a lost answer', async () => {
    const sent = serverAnswers({ lost: 'request:fail' }, done)
    await expect(api.give('P', order)).rejects.toBeDefined()
    await api.give('P', { ...order, amount_fen: 2000 })
    expect(keyOf(sent[0])).not.toBe(keyOf(sent[1]))
  })

  it('that was clearly refused starts anew', async () => {
    const sent = serverAnswers(refusal(409, 'NOT_COLLECTING'), done)
    await expect(api.give('P', order)).rejects.toMatchObject({ code: 'NOT_COLLECTING' })
    await api.give('P', order)
    expect(keyOf(sent[0])).not.toBe(keyOf(sent[1]))
  })
})

describe('a key', () => {
  it('outlives the app, but not half an hour', () => {
    const first = keyFor('give:P', order, 0)
    expect(keyFor('give:P', order, 60_000)).toBe(first)
    expect(keyFor('give:P', order, 31 * 60_000)).not.toBe(first)
  })

  it('is made also where the phone refuses storage', () => {
    const write = uniWorld.setStorageSync
    uniWorld.setStorageSync = () => {
      throw new Error('private window')
    }
    expect(keyFor('give:P', order)).toMatch(/^[a-z0-9]+-[0-9a-f]{32}$/)
    uniWorld.setStorageSync = write
  })
})

it('volunteering carries a key as well', async () => {
  const sent = serverAnswers({ status: 201, body: {} })
  await api.signUp('A', '王小明')
  await api.checkIn('A', '123456')
  await api.checkOut('A', '123456')
  await api.joinTeam('V', '王小明')
  expect(new Set(sent.map(keyOf)).size).toBe(4)
  expect(sent[1].data).toBe('{"code":"123456"}')
})
