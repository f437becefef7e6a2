/** The short forms of the desk: spending, corrections, progress, activities, confirmed minutes, payouts. */
import { describe, expect, it } from 'vitest'
import {
  activityFaults, activityForm, blankActivity, blankSpending, confirmationFaults, confirmationForm, correctable,
  correctionFaults, correctionForm, minutesMost, payoutFaults, progressFaults, progressForm, spendingFaults, spendingForm,
  type ActivityDraft, type SpendingDraft,
} from '@/services/deskActs'
import { daysBetween, daysLater, instantOf, isDate, isTime, minutesBetween, today } from '@/services/deskDates'
import { fieldOf, typed, whole } from '@/services/deskFaults'
import { Problem, problemFrom } from '@/services/problem'
import type { Project } from '@/services/types'

const TODAY = '2026-11-22'
const project = { starts_on: '2026-06-01', figures: { with_village_fen: 100_00 } } as Project
const voucher = { code: 'M1', url: '/m' }
const said = (faults: { field: string; say: string }[]): string[] => faults.map((fault) => `${fault.field} ${fault.say}`)

describe('recording spending', () => {
  const draft = (change: Partial<SpendingDraft> = {}): SpendingDraft => ({ ...blankSpending(TODAY), title: '水泥', amount: '19.99', voucher, ...change })
  const cases: [string, Partial<SpendingDraft>, string[]][] = [
    ['a whole one', {}, []],
    ['all that the village holds', { amount: '100' }, []],
    ['a fen more than the village holds', { amount: '100.01' }, ['amount_fen fault.over_balance']],
    ['no voucher', { voucher: null }, ['voucher_media fault.voucher']],
    ['three decimals', { amount: '1.999' }, ['amount_fen fault.amount.too_fine']],
    ['tomorrow', { spent_on: '2026-11-23' }, ['spent_on fault.date.future']],
    ['before the project began', { spent_on: '2026-05-31' }, ['spent_on fault.date.before_start']],
    ['no day', { spent_on: '' }, ['spent_on fault.date.empty']],
  ]
  it.each(cases)('%s', (_why, change, faults) => expect(said(spendingFaults(draft(change), project, TODAY))).toEqual(faults))

  it('is sent in fen with its voucher', () => {
    expect(spendingForm(draft())).toEqual({ title: '水泥', amount_fen: 1999, spent_on: TODAY, channel: 'bank', voucher_media: 'M1' })
    expect(spendingForm(draft({ voucher: null })).voucher_media).toBe('')
  })

  it('of a fund without a first day asks for none', () => {
    expect(spendingFaults(draft({ spent_on: '2000-01-01' }), { ...project, starts_on: null }, TODAY)).toEqual([])
  })
})

describe('correcting a line', () => {
  it('is never more than what is left of it', () => {
    expect(correctable({ amount_fen: 1000, corrected_fen: 300 })).toBe(700)
    expect(correctable({ amount_fen: 1000, corrected_fen: null })).toBe(1000)
    expect(said(correctionFaults({ amount: '7.01', reason: '记错' }, 700))).toEqual(['amount_fen fault.over_line'])
    expect(correctionFaults({ amount: '7', reason: '记错' }, 700)).toEqual([])
    expect(said(correctionFaults({ amount: '', reason: '' }, 700))).toEqual(['amount_fen fault.amount.empty', 'reason fault.empty'])
    expect(correctionForm({ amount: '7', reason: ' 记错 ' })).toEqual({ amount_fen: 700, reason: '记错' })
  })
})

describe('posting progress', () => {
  it('needs words; a photo is welcome', () => {
    expect(said(progressFaults({ text: '  ', photo: null }))).toEqual(['text fault.empty'])
    expect(progressForm({ text: ' 好了 ', photo: null })).toEqual({ text: '好了' })
    expect(progressForm({ text: '好了', photo: voucher })).toEqual({ text: '好了', photo_media: 'M1' })
  })
})

describe('opening an activity', () => {
  const NOW = Date.parse('2026-11-22T09:00:00+08:00')
  const draft = (change: Partial<ActivityDraft> = {}): ActivityDraft => ({
    ...blankActivity(), village_code: '320904104209', title: '清淤', place: '村口', date: TODAY, from: '08:30', until: '11:30',
    seats: '30', target: '村民', content: '带手套', leader_name: '陈队长', ...change,
  })
  const cases: [string, Partial<ActivityDraft>, string[]][] = [
    ['a whole one, already begun', {}, []],
    ['the end before the beginning', { until: '08:30' }, ['ends_at fault.time.order']],
    ['one that is over', { from: '06:00', until: '07:00' }, ['ends_at fault.time.past']],
    ['no hours', { from: '', until: '24:00' }, ['starts_at fault.time', 'ends_at fault.time']],
    ['no seats', { seats: '0' }, ['seats fault.number']],
    ['a thousand and one', { seats: '1001' }, ['seats fault.number']],
    ['no village', { village_code: '' }, ['village_code fault.choose']],
  ]
  it.each(cases)('%s', (_why, change, faults) => expect(said(activityFaults(draft(change), NOW))).toEqual(faults))

  it('is sent with the hours of the village', () => {
    expect(activityForm(draft())).toMatchObject({ starts_at: '2026-11-22T08:30:00+08:00', ends_at: '2026-11-22T11:30:00+08:00', seats: 30 })
  })
})

describe('confirming a forgotten check-out', () => {
  it('goes from the check-in to the planned end, at most twelve hours', () => {
    expect(minutesMost('2026-11-22T08:40:30+08:00', '2026-11-22T11:30:00+08:00')).toBe(169)
    expect(minutesMost('2026-11-22T00:00:00+08:00', '2026-11-22T23:00:00+08:00')).toBe(720)
    expect(minutesMost('2026-11-22T12:00:00+08:00', '2026-11-22T11:30:00+08:00')).toBe(0)
    expect(said(confirmationFaults({ minutes: '170', reason: '' }, 169))).toEqual(['minutes fault.number', 'reason fault.empty'])
    expect(confirmationFaults({ minutes: '0', reason: '没有来干活' }, 169)).toEqual([])
    expect(confirmationForm({ minutes: '60', reason: ' 看见了 ' }, 'p1')).toEqual({ person_code: 'p1', minutes: 60, reason: '看见了' })
  })
})

describe('proposing a payout', () => {
  it('is at most what the nation holds of the project', () => {
    expect(payoutFaults('100', 100_00)).toEqual([])
    expect(said(payoutFaults('100.01', 100_00))).toEqual(['amount_fen fault.over_nation'])
  })
})

describe('dates, hours and numbers', () => {
  it('are those of the village, wherever the phone is', () => {
    expect(today(Date.parse('2026-11-21T16:00:00Z'))).toBe('2026-11-22')
    expect(daysLater('2026-12-31', 1)).toBe('2027-01-01')
    expect(daysBetween('2026-11-22', '2026-11-21')).toBe(-1)
    expect(instantOf('2026-11-22', '08:30')).toBe('2026-11-22T08:30:00+08:00')
    expect(minutesBetween('08:30', '11:00')).toBe(150)
  })

  it('are read strictly', () => {
    expect([isDate('2026-02-28'), isDate('2026-02-29'), isDate('2026-2-1'), isDate('')]).toEqual([true, false, false, false])
    expect([isTime('23:59'), isTime('24:00'), isTime('8:00')]).toEqual([true, false, false])
    expect([whole(' 12 '), whole('1.5'), whole('-1')]).toEqual([12, NaN, NaN])
  })

  it('put into a field, an amount has no commas: browsers would show nothing', () => {
    expect([typed(1_826_000), typed(29)]).toEqual(['18260', '0.29'])
  })
})

describe('the field that the server found wrong', () => {
  it('is known by its name, or unknown', () => {
    expect(fieldOf(problemFrom(422, { code: 'FORM_INVALID', field: 'phone' }))).toBe('phone')
    expect(fieldOf(problemFrom(422, { code: 'INVALID_INPUT', fields: { title: ['x'] } }))).toBe('title')
    expect(fieldOf(new Problem('offline', 'OFFLINE'))).toBe('')
  })
})
