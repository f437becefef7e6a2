/** What stands on every page: its frame, its states, and choices that keys and screen readers can use. */
import { mount } from '@vue/test-utils'
import { afterEach, describe, expect, it, vi } from 'vitest'
import ChoiceChips from '@/components/ChoiceChips.vue'
import CheckLine from '@/components/CheckLine.vue'
import GiftRow from '@/components/GiftRow.vue'
import MoneyFlow from '@/components/MoneyFlow.vue'
import MoreButton from '@/components/MoreButton.vue'
import PageFrame from '@/components/PageFrame.vue'
import ProgressBar from '@/components/ProgressBar.vue'
import StateView from '@/components/StateView.vue'
import TextField from '@/components/TextField.vue'
import { parseYuan } from '@/services/money'
import { Problem } from '@/services/problem'
import { app, large, online } from '@/services/settings'
import { kept } from './uni-world'

vi.mock('@dcloudio/uni-app', () => ({ onLoad: vi.fn(), onShow: vi.fn() }))
afterEach(() => {
  large.value = false
  online.value = true
  app.value = null
})

describe('the frame', () => {
  const frame = (props = {}) => mount(PageFrame, { props: { title: '公益项目', ...props } })

  it('has a title, a way back, and large type that is kept', async () => {
    const page = frame()
    expect(page.get('[role="heading"]').text()).toBe('公益项目')
    expect(page.get('.bar-back').attributes('aria-label')).toBe('返回')
    await page.get('.pill').trigger('click')
    expect(page.get('.root').classes()).toContain('large')
    expect(kept.get('large_type')).toBe(true)
  })

  it('says that data is for show, which environment it is, and that the phone is offline', async () => {
    const page = frame({ demo: true })
    expect(page.text()).toContain('演示数据')
    app.value = { environment: 'development', demo: false, version: '1', currency: 'CNY', wechat_mini: false, wechat_official: false, payment: 'page', subscribe_templates: [] }
    online.value = false
    await page.vm.$nextTick()
    expect(page.text()).toContain('测试环境')
    expect(page.text()).toContain('没有连上网')
  })

  it('says none of it in production', () => {
    app.value = { environment: 'production', demo: false, version: '1', currency: 'CNY', wechat_mini: false, wechat_official: false, payment: 'page', subscribe_templates: [] }
    expect(frame().find('.strip').exists()).toBe(false)
  })
})

describe('the state of a page', () => {
  const state = (props: object) => mount(StateView, { props: { busy: false, problem: null, has: false, ...props } })

  it('loading is said, not only drawn', () => {
    expect(state({ busy: true }).get('[role="status"]').attributes('aria-label')).toBe('正在打开…')
  })

  it('empty says what is not there', () => {
    expect(state({ empty: '还没有公示' }).text()).toBe('还没有公示')
  })

  it('offline and failure offer another try', async () => {
    const page = state({ problem: new Problem('offline', 'OFFLINE') })
    await page.get('button').trigger('click')
    expect(page.text()).toContain('没有连上网')
    expect(page.emitted('retry')).toHaveLength(1)
  })

  it('what does not exist offers none', () => {
    const page = state({ problem: new Problem('refused', 'PROJECT_UNKNOWN', 404, '没有这个项目') })
    expect(page.text()).toContain('没有找到')
    expect(page.find('button').exists()).toBe(false)
    expect(page.get('navigator').text()).toBe('回首页')
  })

  it('does not say that nothing is there under a list of something', () => {
    expect(state({ has: true, empty: '这里没有下级地区' }).text()).toBe('')
  })

  it('keeps what is there when a refresh fails', () => {
    expect(state({ has: true, problem: new Problem('timeout', 'T') }).text()).toContain('没能更新')
  })

  it('is silent once all is there', () => {
    expect(state({ has: true }).text()).toBe('')
  })
})

describe('a choice', () => {
  const choices = [{ id: 'a', text: '甲' }, { id: 'b', text: '乙' }, { id: 'c', text: '丙' }]
  const group = (value: string) => mount(ChoiceChips, { props: { label: '选', choices, value }, attachTo: document.body })

  it('walks round by the arrow keys and has one tab stop', async () => {
    const chips = group('a').findAll('[role="radiogroup"]')[0]
    expect(chips.findAll('[role="radio"]').map((chip) => chip.attributes('tabindex'))).toEqual(['0', '-1', '-1'])
  })

  it.each([
    ['ArrowRight', 'b'],
    ['ArrowLeft', 'c'],
  ])('%s chooses %s', async (key, chosen) => {
    const page = group('a')
    await page.get('[role="radiogroup"]').trigger('keydown', { key })
    await page.get('[role="radiogroup"]').trigger('keydown', { key: 'x' })
    expect(page.emitted('choose')).toEqual([[chosen]])
  })

  it('can be entered by tab while nothing is chosen', () => {
    expect(group('').findAll('[role="radio"]')[0].attributes('tabindex')).toBe('0')
  })

  it('to tick is a check box', async () => {
    const page = mount(CheckLine, { props: { text: '不公开金额', value: false } })
    await page.get('[role="checkbox"]').trigger('click')
    expect(page.emitted('change')).toEqual([[true]])
  })
})

describe('a field', () => {
  it('carries its name, and what is wrong with it', () => {
    const page = mount(TextField, { props: { label: '金额', value: '', fault: '请填' } })
    expect(page.get('input').attributes('aria-label')).toBe('金额：请填')
    expect(page.get('[role="alert"]').text()).toBe('请填')
  })

  it('tells what was typed', async () => {
    const page = mount(TextField, { props: { label: '留言', value: '', long: true } })
    page.get('textarea').element.dispatchEvent(new CustomEvent('input', { detail: { value: '加油' } }))
    expect(page.emitted('input')?.[0]).toEqual(['加油'])
  })
})

describe('figures', () => {
  it('show every station of the money', () => {
    const figures = { received_fen: 1000, with_nation_fen: 100, in_transit_fen: 200, with_village_fen: 300, spent_fen: 400 }
    expect(mount(MoneyFlow, { props: { figures } }).findAll('.sum').map((sum) => sum.text())).toEqual(['¥10', '¥1', '¥2', '¥3', '¥4'])
  })

  it('of a closed project add up too: what was left moved to the fund', () => {
    const figures = {
      received_fen: 1000, with_nation_fen: 10, in_transit_fen: 20, with_village_fen: 30, spent_fen: 190, moved_to_fund_fen: 750,
    }
    const page = mount(MoneyFlow, { props: { figures } })
    const [received, ...parts] = page.findAll('.sum').map((sum) => parseYuan(sum.text()))
    const total = parts.reduce((sum, part) => sum + ('fen' in part ? part.fen : NaN), 0)
    expect(received).toEqual({ fen: total })
    expect(page.text()).toContain('已转入村互助基金')
  })

  it('have a bar only where there is a target, never longer than full', () => {
    expect(mount(ProgressBar, { props: { received_fen: 1, target_fen: null } }).find('.track').exists()).toBe(false)
    const over = mount(ProgressBar, { props: { received_fen: 300, target_fen: 100 } })
    expect(over.get('.track').attributes('aria-valuenow')).toBe('100')
  })

  it('that a giver hides are not shown', () => {
    const gift = { code: 'g', name: '爱心人士', amount_fen: null, message: null, paid_at: '2026-11-20', via_share: true }
    const text = mount(GiftRow, { props: { gift } }).text()
    expect(text).toContain('金额不公开')
    expect(text).toContain('亲友转来的')
  })
})

it('more is offered only while there is more', async () => {
  const page = mount(MoreButton, { props: { more: true, busy: false } })
  await page.get('button').trigger('click')
  expect(page.emitted('more')).toHaveLength(1)
  await page.setProps({ more: false })
  expect(page.find('button').exists()).toBe(false)
})
