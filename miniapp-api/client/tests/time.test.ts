/** Times are shown as they are in the village, wherever the phone is. */
import { describe, expect, it } from 'vitest'
import { clock, day, daysLeft, hoursAndMinutes, moment, span, weekday } from '@/services/time'

describe('a time', () => {
  it('is the village’s day even when the phone counts in another zone', () => {
    expect(day('2026-11-12T23:30:00Z')).toBe('2026-11-13')
    expect(clock('2026-11-12T23:30:00Z')).toBe('07:30')
    expect(moment('2026-11-13T07:30:00+08:00')).toBe('2026-11-13 07:30')
  })

  it('names the day once where it begins and ends on the same one', () => {
    expect(span('2026-11-22T08:30:00+08:00', '2026-11-22T11:30:00+08:00')).toBe('2026-11-22 08:30–11:30')
    expect(span('2026-11-22T22:00:00+08:00', '2026-11-23T01:00:00+08:00')).toBe('2026-11-22 22:00–2026-11-23 01:00')
  })

  it('leaves dates, nothing and what it cannot read as they are', () => {
    expect(day('2026-11-12')).toBe('2026-11-12')
    expect(day(null)).toBe('')
    expect(moment(undefined)).toBe('')
    expect(clock('soon')).toBe('')
    expect(day('soon')).toBe('soon')
  })

  it('knows the weekday', () => {
    expect(weekday('2026-11-22T00:10:00+08:00')).toBe(0)
    expect(weekday('soon')).toBe(0)
  })
})

it('days left turn at midnight in the village', () => {
  expect(daysLeft('2026-11-30', Date.parse('2026-11-29T15:59:00Z'))).toBe(1)
  expect(daysLeft('2026-11-30', Date.parse('2026-11-29T16:00:00Z'))).toBe(0)
  expect(daysLeft('soon', 0)).toBe(0)
})

it('minutes are never rounded to hours', () => {
  expect(hoursAndMinutes(200)).toEqual({ hours: 3, minutes: 20 })
})
