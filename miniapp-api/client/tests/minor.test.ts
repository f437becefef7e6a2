/** A volunteer under eighteen: what is asked of whom, what is sent, and what the leader sees. */
import { flushPromises, mount } from '@vue/test-utils'
import { beforeEach, describe, expect, it } from 'vitest'
import { y } from '@/i18n/minor'
import minorEn from '@/i18n/minor/en.json'
import minorZh from '@/i18n/minor/zh-Hans.json'
import ActivitySignUp from '@/pages/activity/ActivitySignUp.vue'
import TeamCard from '@/pages/village/TeamCard.vue'
import MyConsents from '@/pages/mydata/MyConsents.vue'
import MyValues from '@/pages/mydata/MyValues.vue'
import RollMinor from '@/pages-desk/activity/RollMinor.vue'
import type { RollMinor as Told } from '@/services/deskTypes'
import { desk } from '@/services/deskSession'
import { grownUp, minorFaults, minorForm, type MinorDraft } from '@/services/minor'
import type { MyConsent, MyValue } from '@/services/myData'
import type { Activity } from '@/services/types'
import { kept, refusal, serverAnswers } from './uni-world'

const MOTHER: MinorDraft = { is_minor: true, band: '14_17', guardian: ' 张秀英 ', phone: '138 1234 5678', agrees: true }
const SENT = { band: '14_17', guardian_name: '张秀英', guardian_phone: '138 1234 5678', guardian_agrees: true }
const done = { status: 201, body: {} }

type Page = ReturnType<typeof mount>
const write = async (page: Page, label: string, text: string): Promise<void> => {
  const field = page.findAllComponents({ name: 'TextField' }).filter((one) => one.props('label') === label)[0]
  field.vm.$emit('input', text)
  await flushPromises()
}
const press = async (page: Page, text: string): Promise<void> => {
  const found = page.findAll('button, .check, .chip').filter((one) => one.text().startsWith(text))[0]
  await found.trigger('click')
  await flushPromises()
}
const bodies = (sent: { data?: string }[]): unknown[] => sent.map((one) => JSON.parse(one.data ?? ''))

beforeEach(() => {
  kept.clear()
})

describe('what is told of a minor', () => {
  it('is nothing for who is of age', () => {
    expect([minorFaults(grownUp(), '王小明'), minorForm(grownUp())]).toEqual([{}, undefined])
  })

  it('is the band, the guardian and his consent', () => {
    expect([minorFaults(MOTHER, '张小燕'), minorForm(MOTHER)]).toEqual([{}, SENT])
  })

  const faults: [string, Partial<MinorDraft>, string][] = [
    ['no band', { band: '' }, 'band'],
    ['no guardian', { guardian: ' ' }, 'guardian'],
    ['his own guardian', { guardian: '张小燕' }, 'guardian'],
    ['a number that nobody answers', { phone: '110' }, 'phone'],
    ['no consent', { agrees: false }, 'agrees'],
  ]
  it.each(faults)('is refused with %s', (_why, change, field) => {
    expect(Object.keys(minorFaults({ ...MOTHER, ...change }, '张小燕'))).toEqual([field])
  })

  it.each(['13812345678', '+86 138-1234-5678', '１３８１２３４５６７８', '008613812345678'])('takes %s for a number', (phone) => {
    expect(minorFaults({ ...MOTHER, phone }, '张小燕')).toEqual({})
  })

  it('is never sent half', () => {
    const halves: Partial<MinorDraft>[] = [{ band: '' }, { agrees: false }, { is_minor: false }]
    for (const half of halves) expect(minorForm({ ...MOTHER, ...half })).toBeUndefined()
  })

  it('has words in both languages', () => {
    expect(Object.keys(minorEn)).toEqual(Object.keys(minorZh))
    expect(y('minor.is_minor')).toContain('未满18岁')
  })
})

describe('signing up for an activity', () => {
  const form = () => mount(ActivitySignUp, { props: { activity: { code: 'A1' } as Activity } })

  it('asks a grown-up for a name and nothing more', async () => {
    const [sent, page] = [serverAnswers(done), form()]
    expect(page.findAllComponents({ name: 'TextField' })).toHaveLength(1)
    await write(page, '您的姓名', '王小明')
    await press(page, '我要报名')
    expect(bodies(sent)).toEqual([{ name: '王小明' }])
    expect(page.emitted('changed')).toHaveLength(1)
  })

  it('asks for a guardian under eighteen, says what is missing, and sends nothing before', async () => {
    const [sent, page] = [serverAnswers(done), form()]
    await write(page, '您的姓名', '张小燕')
    await press(page, '报名的人未满18岁')
    await press(page, '我要报名')
    expect(page.findAll('.fault').map((one) => one.text())).toEqual([
      y('minor.fault.band'), y('minor.fault.guardian'), y('minor.fault.phone'),
    ])
    await press(page, '不满14岁')
    await write(page, '监护人姓名', '张秀英')
    await write(page, '监护人手机号', '13812345678')
    expect(page.findAll('.fault').map((one) => one.text())).toEqual([y('minor.fault.agrees')])
    await press(page, '我是监护人')
    expect(sent).toHaveLength(0)
    await press(page, '我要报名')
    const minor = { ...SENT, band: 'under_14', guardian_phone: '13812345678' }
    expect(bodies(sent)).toEqual([{ name: '张小燕', minor }])
  })

  it('asks for consent again when another band is chosen: it is another consent', async () => {
    const page = form()
    await press(page, '报名的人未满18岁')
    await press(page, '14至17岁')
    await press(page, '我是监护人')
    expect(page.findAll('[aria-checked="true"].check')).toHaveLength(2)
    await press(page, '不满14岁')
    expect(page.findAll('[aria-checked="true"].check')).toHaveLength(1)
    expect(page.text()).toContain('也同意保存')
  })

  it('says what the server refuses, and leaves no number of the guardian on the phone when the answer is lost', async () => {
    const page = form()
    await write(page, '您的姓名', '张小燕')
    await press(page, '报名的人未满18岁')
    await press(page, '14至17岁')
    await write(page, '监护人姓名', '张秀英')
    await write(page, '监护人手机号', '13812345678')
    await press(page, '我是监护人')
    serverAnswers({ lost: 'request:fail' })
    await press(page, '我要报名')
    expect(kept.has('intent:sign-up:A1')).toBe(true)
    expect(JSON.stringify([...kept])).not.toMatch(/13812345678|张/)
    serverAnswers(refusal(409, 'ACTIVITY_FULL'))
    await press(page, '我要报名')
    expect(page.text()).toContain('名额已满')
  })
})

describe('joining the team', () => {
  it('asks for a guardian too, once a name is written', async () => {
    const sent = serverAnswers(done)
    const page = mount(TeamCard, { props: { village: 'V', team: { code: 'T', name: '众心村志愿队', member_count: 3 } } })
    expect(page.text()).not.toContain('未满18岁')
    await write(page, '您的姓名', '张小燕')
    await press(page, '报名的人未满18岁')
    await press(page, '加入志愿队')
    expect(sent).toHaveLength(0)
    await press(page, '14至17岁')
    await write(page, '监护人姓名', '张秀英')
    await write(page, '监护人手机号', '138 1234 5678')
    await press(page, '我是监护人')
    await press(page, '加入志愿队')
    expect(bodies(sent)).toEqual([{ name: '张小燕', minor: SENT }])
    expect(page.text()).toContain('张小燕，欢迎加入')
  })
})

describe('the leader', () => {
  const told: Told = { band: 'under_14', guardian_name: '张*', guardian_phone: '138****5678', agreed_at: '2026-06-01T12:00:00+08:00' }
  const card = (change: Partial<Told> = {}) =>
    mount(RollMinor, { props: { minor: { ...told, ...change }, activity: 'A1', person: 'P1', called: '张*' } })

  beforeEach(() => {
    const staff = { name: '李四', role: 'village', region: { code: '320904104209', name: '众心村' } }
    desk.value = { staff, actions: ['vault.open'], must_set_factor: false }
  })

  it('sees a minor and the day of the consent; whom to call only when asked, and masked', async () => {
    const page = card()
    expect(page.text()).toMatch(/未成年人（不满14岁）.*监护人已同意/)
    expect(page.text()).not.toContain('138****')
    await press(page, '联系监护人')
    expect(page.text()).toMatch(/监护人姓名张\*.*监护人手机号138\*\*\*\*5678/)
    await press(page, '收起监护人')
    expect(page.text()).not.toContain('138****')
  })

  it('opens the number for a reason', async () => {
    const page = card({ guardian_name: null })
    await press(page, '联系监护人')
    await press(page, '查看')
    const sent = serverAnswers({ status: 201, body: { value: '+8613812345678' } })
    page.findComponent({ name: 'TextField' }).vm.$emit('input', '打电话核对')
    await press(page, '查看原文')
    expect(sent.map((one) => one.url)).toEqual(['/api/v1/desk/activities/A1/volunteers/P1/guardian-phone/openings'])
    expect(page.text()).toContain('+8613812345678')
  })

  it('is told when no consent stands and nobody can be called', async () => {
    const page = card({ agreed_at: null, guardian_name: null, guardian_phone: null })
    expect(page.get('.fault').text()).toContain('没有监护人同意的记录')
    await press(page, '联系监护人')
    expect(page.text()).toContain('没有留下监护人的联系方式')
  })
})

it('a guardian who takes his consent back reads what follows', () => {
  const one: MyConsent = {
    purpose: 'minor_under_14', label: '监护人同意', policy_version: 2, given_at: '2026-06-01T12:00:00+08:00', withdrawn_at: null, may_withdraw: true,
  }
  const page = mount(MyConsents, { props: { consents: [one, { ...one, purpose: 'public_name' }] } })
  expect(page.findAll('button').map((button) => button.text())).toEqual([
    '撤回，退出志愿队和还没开始的活动',
    '撤回，名字改为“爱心人士”',
  ])
})

describe('correcting the guardian', () => {
  const consent: MyConsent = {
    purpose: 'minor_under_14', label: '监护人同意', policy_version: 2, given_at: '2026-06-01T12:00:00+08:00', withdrawn_at: null, may_withdraw: true,
  }
  const item = (field: string, value: string): MyValue => ({
    field, row: 'p1', label: field, purpose: '联系', value, is_public: false, may_correct: true, changed_at: '2026-06-01T12:00:00+08:00',
  })

  it('needs the tick of the guardian who is named now, in the words of the sign-up', async () => {
    const sent = serverAnswers(refusal(422, 'GUARDIAN_IS_ONESELF'), { status: 200, body: { items: [], consents: [], receipts_kept: 0 } })
    const page = mount(MyValues, { props: { items: [item('guardian.name', '张秀英')], consents: [consent] } })
    await page.get('.link').trigger('click')
    await write(page, 'guardian.name', '张大山')
    await press(page, '保存')
    expect([sent.length, page.get('.fault').text()]).toEqual([0, y('minor.fault.agrees')])
    await press(page, y('minor.agrees.under_14'))
    await press(page, '保存')
    expect(page.text()).toContain('监护人不能是报名的人自己')
    await press(page, '保存')
    expect(bodies(sent)).toEqual([{ value: '张大山', agrees: true }, { value: '张大山', agrees: true }])
    expect(page.emitted('changed')).toHaveLength(1)
  })

  it('reads the words of his age', async () => {
    const older = { ...consent, purpose: 'minor_14_17' }
    const page = mount(MyValues, { props: { items: [item('guardian.phone', '138')], consents: [older, { ...consent, withdrawn_at: consent.given_at }] } })
    await page.get('.link').trigger('click')
    expect(page.get('.check').text()).toBe(y('minor.agrees.14_17'))
  })

  it('is not asked of who corrects his own name', async () => {
    const sent = serverAnswers({ status: 200, body: { items: [], consents: [], receipts_kept: 0 } })
    const page = mount(MyValues, { props: { items: [item('volunteer.name', '张小燕')], consents: [] } })
    await page.get('.link').trigger('click')
    expect(page.find('.check').exists()).toBe(false)
    await press(page, '保存')
    expect(bodies(sent)).toEqual([{ value: '张小燕' }])
  })
})
