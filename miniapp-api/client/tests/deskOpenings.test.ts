/** Masked values at the desk: nothing is shown without a reason, and what was shown is put away again. */
import { flushPromises, mount } from '@vue/test-utils'
import { beforeEach, describe, expect, it, vi } from 'vitest'
import MaskedValue from '@/pages-desk/parts/MaskedValue.vue'
import { whyFaults } from '@/services/deskOpenings'
import { desk } from '@/services/deskSession'
import { problemFrom } from '@/services/problem'

const WHY = '核对签到的人'
const staff = { name: '李四', role: 'village', region: { code: '320904104209', name: '众心村' } }
const open = vi.fn<[string], Promise<string>>()
const shown = () => mount(MaskedValue, { props: { masked: '王*', label: '姓名', open } })
type Shown = ReturnType<typeof shown>
const press = async (page: Shown, text: string): Promise<void> => {
  await page.findAll('button').filter((one) => one.text().startsWith(text))[0].trigger('click')
  await flushPromises()
}
const type = async (page: Shown, text: string): Promise<void> => {
  page.findComponent({ name: 'TextField' }).vm.$emit('input', text)
  await flushPromises()
}

beforeEach(() => {
  vi.resetAllMocks()
  Object.assign(uni, { pageScrollTo: vi.fn() })
  desk.value = { staff, actions: ['vault.open'], must_set_factor: false }
})

describe('a masked value', () => {
  it('stays masked for who has no right to open it', () => {
    desk.value = { staff, actions: [], must_set_factor: false }
    const page = shown()
    expect([page.text(), page.findAll('button').length]).toEqual(['王*', 0])
  })

  it('is shown for a reason, and put away again', async () => {
    open.mockResolvedValue('王志愿')
    const page = shown()
    await press(page, '查看')
    expect(page.text()).toContain('本人和审计人员会看到')
    await type(page, ` ${WHY} `)
    await press(page, '查看原文')
    expect(open).toHaveBeenCalledWith(WHY)
    expect(page.text()).toContain('王志愿')
    await press(page, '收起')
    expect([page.text().includes('王志愿'), page.text().includes('王*')]).toEqual([false, true])
  })

  it('asks nobody without a reason of four characters', async () => {
    const page = shown()
    await press(page, '查看')
    await press(page, '查看原文')
    await type(page, '看看')
    expect(page.text()).toContain('至少4个字')
    await press(page, '查看原文')
    expect(open).not.toHaveBeenCalled()
    await press(page, '先不')
    expect(page.text()).toContain('王*')
    expect([whyFaults(''), whyFaults(WHY)].map((faults) => faults.length)).toEqual([1, 0])
  })

  it('says why it was not shown', async () => {
    open.mockRejectedValue(problemFrom(429, { code: 'OPENED_TOO_MANY', detail: '您一小时内查看的个人信息太多，请稍后再试。' }))
    const page = shown()
    await press(page, '查看')
    await type(page, WHY)
    await press(page, '查看原文')
    expect(page.text()).toContain('太多')
    expect(page.text()).toContain('王*')
  })
})
