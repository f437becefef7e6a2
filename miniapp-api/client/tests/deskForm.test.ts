/** The form with which a village launches a project: what each step asks for, and what is sent. */
import { describe, expect, it } from 'vitest'
import { blank, faultsOn, firstBadStep, formOf, isLong, planSum, reusable, stepOf, STEPS, type ProjectDraft } from '@/services/deskForm'

const TODAY = '2026-11-22'

function whole(change: Partial<ProjectDraft> = {}): ProjectDraft {
  return {
    ...blank(TODAY),
    kind: 'public_works',
    title: ' 路灯 ',
    summary: '四十盏\n太阳能路灯',
    village_code: '320904104209',
    village_name: '众心村',
    village_profile: '1200 人',
    story: '孩子摸黑走路',
    met_on: '2026-11-01',
    attendees: '43',
    in_favour: '41',
    note: '在村部开会，举手表决',
    target: '48,000',
    ends_on: '2027-05-31',
    plan: [
      { title: '路灯 40 盏', amount: '40000' },
      { title: '施工', amount: '8000.00' },
    ],
    person_in_charge: '张主任',
    phone: '13800000000',
    organisation_code: 'org',
    organisation_name: '慈善总会',
    filing_number: 'A26001',
    pledged: true,
    ...change,
  }
}

const said = (step: number, change: Partial<ProjectDraft>): string[] =>
  faultsOn(step, whole(change), TODAY).map((fault) => `${fault.field} ${fault.say}`)

describe('a whole form', () => {
  it('has no fault on any step', () => {
    expect(STEPS.flatMap((_name, step) => faultsOn(step, whole(), TODAY))).toEqual([])
    expect(firstBadStep(whole(), TODAY)).toBeNull()
  })

  it('is sent in fen, trimmed, without what was not filled in', () => {
    const form = formOf(whole())
    expect(form).toMatchObject({ title: '路灯', summary: '四十盏 太阳能路灯', target_fen: 4_800_000, ends_on: '2027-05-31', truth_pledged: true })
    expect(form.plan).toEqual([{ title: '路灯 40 盏', amount_fen: 4_000_000 }, { title: '施工', amount_fen: 800_000 }])
    expect(form.decision).toEqual({ met_on: '2026-11-01', attendees: 43, in_favour: 41, note: '在村部开会，举手表决' })
    for (const absent of ['address', 'kind_reason', 'cover_media']) expect(form).not.toHaveProperty(absent)
  })

  it('carries what was added: a cover, an address, the reason for "other"', () => {
    const cover = { code: 'M1', url: '/m' }
    expect(formOf(whole({ kind: 'other', kind_reason: '别的', address: '一组', cover }))).toMatchObject({ kind_reason: '别的', address: '一组', cover_media: 'M1' })
  })

  it('of a fund has neither target nor end nor plan', () => {
    const fund = whole({ kind: 'mutual_aid_fund', target: '', ends_on: '', plan: [{ title: '', amount: '' }] })
    expect(firstBadStep(fund, TODAY)).toBeNull()
    for (const absent of ['target_fen', 'ends_on', 'plan']) expect(formOf(fund)).not.toHaveProperty(absent)
    expect(isLong(fund)).toBe(false)
  })

  it('leaves to the next form what stays the same, and nothing of the project itself', () => {
    expect(Object.keys(reusable(whole())).sort()).toEqual([
      'address', 'organisation_code', 'organisation_name', 'person_in_charge', 'phone', 'village_profile',
    ])
  })
})

describe('the plan', () => {
  it('sums to the fen, and says what is missing or too much', () => {
    expect(planSum(whole())).toEqual({ sum_fen: 4_800_000, target_fen: 4_800_000, gap_fen: 0 })
    expect(planSum(whole({ target: '48000.01' })).gap_fen).toBe(1)
    expect(planSum(whole({ target: '0.29', plan: [{ title: '', amount: '0.30' }] })).gap_fen).toBe(-1)
  })

  it('must be exactly the target', () => {
    expect(said(3, { target: '48000.01' })).toEqual(['plan fault.plan.sum'])
  })

  it('names the line that cannot be read, before it speaks of the sum', () => {
    expect(said(3, { plan: [{ title: '', amount: '一千' }] })).toEqual(['plan.0.title fault.empty', 'plan.0.amount fault.amount.not_a_number'])
  })

  it('is not blamed for a target that cannot be read', () => {
    expect(said(3, { target: '' })).toEqual(['target_fen fault.amount.empty'])
  })
})

describe('what is refused before it is sent', () => {
  const cases: [string, number, Partial<ProjectDraft>, string[]][] = [
    ['no kind', 0, { kind: '' }, ['kind fault.choose']],
    ['"other" without a reason', 0, { kind: 'other' }, ['kind_reason fault.empty']],
    ['a name longer than the filing allows', 0, { title: '长'.repeat(41) }, ['title fault.long']],
    ['no village', 1, { village_code: '' }, ['village_code fault.choose']],
    ['a meeting that has not been held', 2, { met_on: '2026-11-23' }, ['decision.met_on fault.date.future']],
    ['a day that no calendar has', 2, { met_on: '2026-02-30' }, ['decision.met_on fault.date']],
    ['more votes than people', 2, { in_favour: '44' }, ['decision.in_favour fault.votes.more']],
    ['half of the votes is no majority', 2, { attendees: '40', in_favour: '20' }, ['decision.in_favour fault.votes.few']],
    ['people in words', 2, { attendees: '很多' }, ['decision.attendees fault.number']],
    ['no end', 3, { ends_on: '' }, ['ends_on fault.date.empty']],
    ['an end before the beginning', 3, { ends_on: '2026-11-21' }, ['ends_on fault.period.order']],
    ['an end that is past', 3, { starts_on: '2026-01-01', ends_on: '2026-02-01' }, ['ends_on fault.period.past']],
    ['more than three years', 3, { ends_on: '2029-12-31' }, ['ends_on fault.period.long']],
    ['a telephone that is none', 4, { phone: '123' }, ['phone fault.phone']],
    ['no telephone', 4, { phone: ' ' }, ['phone fault.empty']],
    ['no organisation', 4, { organisation_code: '' }, ['organisation_code fault.choose']],
    ['no filing number', 4, { filing_number: '' }, ['filing_number fault.empty']],
    ['no pledge', 5, { pledged: false }, ['truth_pledged fault.pledge']],
  ]
  it.each(cases)('%s', (_why, step, change, faults) => expect(said(step, change)).toEqual(faults))

  it('leads to the first step that is not whole', () => {
    expect(firstBadStep(whole({ met_on: '', phone: '' }), TODAY)).toBe(2)
  })
})

describe('more than a year', () => {
  it('is unusual and said so, never refused', () => {
    expect(isLong(whole({ ends_on: '2027-11-22' }))).toBe(false)
    expect(isLong(whole({ ends_on: '2027-11-24' }))).toBe(true)
    expect(said(3, { ends_on: '2027-11-24' })).toEqual([])
    expect(isLong(whole({ ends_on: '' }))).toBe(false)
  })
})

describe('a refusal of the server', () => {
  it.each([
    ['title', 0], ['village_code', 1], ['decision.in_favour', 2], ['plan', 3], ['plan.0', 3], ['cover_media', 4], ['truth_pledged', 5], ['something_new', 5],
  ])('about %s leads to its step', (field, step) => expect(stepOf(field)).toBe(step))
})
