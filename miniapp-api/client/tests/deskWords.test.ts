/** Words at the desk: read, shown or kept hidden with a reason; late is said, and nothing is done to other words. */
import { mount } from '@vue/test-utils'
import { beforeEach, describe, expect, it, vi } from 'vitest'
import WordsRow from '@/pages-desk/words/WordsRow.vue'
import * as api from '@/services/deskApi'
import { desk } from '@/services/deskSession'
import type { HeldWords } from '@/services/deskTypes'
import { problemFrom } from '@/services/problem'

vi.mock('@/services/deskApi')

const words: HeldWords = {
  code: 'W1', kind: 'gift', village: { code: '320904104209', name: '众心村', parents: [] }, name: '老王', message: '给家乡加油',
  version: 2, held_for: 'review', label: 20001, submitted_at: '2026-06-01T12:00:00+08:00',
}
const press = async (row: ReturnType<typeof mount>, text: string): Promise<void> => {
  await row.findAll('button').filter((button) => button.text().startsWith(text))[0].trigger('click')
  await new Promise((done) => setTimeout(done))
}

beforeEach(() => {
  vi.resetAllMocks()
  Object.assign(uni, { pageScrollTo: vi.fn() })
  desk.value = { staff: { name: '李四', role: 'county', region: { code: '320904', name: '大丰区' } }, actions: ['words.read', 'words.decide'], must_set_factor: false }
})

describe('words that wait', () => {
  it('are read in full, with why they wait', () => {
    const text = mount(WordsRow, { props: { words } }).text()
    for (const part of ['署名：老王', '给家乡加油', '众心村', '微信拿不准']) expect(text).toContain(part)
  })

  it('are shown in the version that was read', async () => {
    const row = mount(WordsRow, { props: { words } })
    await press(row, '可以展示')
    expect(api.approveWords).toHaveBeenCalledWith('W1', 2)
    expect(row.emitted('changed')).toHaveLength(1)
  })

  it('are shown at the first tap, as there are many of them; what fails is asked again', async () => {
    vi.mocked(api.approveWords).mockRejectedValueOnce(problemFrom(503, { code: 'BUSY', detail: '请稍后再试' }))
    const row = mount(WordsRow, { props: { words } })
    await press(row, '可以展示')
    expect(row.get('[role="alert"]').text()).not.toBe('')
    expect(row.emitted('changed')).toBeUndefined()
    await press(row, '可以展示')
    expect(api.approveWords).toHaveBeenCalledTimes(2)
    expect(row.emitted('changed')).toHaveLength(1)
  })

  it('stay hidden only for a reason', async () => {
    const row = mount(WordsRow, { props: { words } })
    await press(row, '不展示')
    await press(row, '确定不展示')
    expect(row.text()).toContain('这里要填')
    expect(api.rejectWords).not.toHaveBeenCalled()
    row.findComponent({ name: 'TextField' }).vm.$emit('input', ' 含有广告 ')
    await press(row, '确定不展示')
    expect(api.rejectWords).toHaveBeenCalledWith('W1', 2, '含有广告')
    expect(row.emitted('changed')).toHaveLength(1)
  })

  it('that were changed meanwhile are looked at again', async () => {
    vi.mocked(api.approveWords).mockRejectedValue(problemFrom(409, { code: 'WORDS_CHANGED', detail: '这条内容已被本人改写' }))
    const row = mount(WordsRow, { props: { words } })
    await press(row, '可以展示')
    expect(row.text()).toContain('已被本人改写')
    await press(row, '看看现在的情况')
    expect(row.emitted('changed')).toHaveLength(1)
  })

  it('can only be read by who may not decide', () => {
    if (desk.value) desk.value.actions = ['words.read']
    expect(mount(WordsRow, { props: { words } }).findAll('button')).toHaveLength(0)
  })
})
