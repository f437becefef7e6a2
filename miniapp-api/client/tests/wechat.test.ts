/** Inside WeChat a page shows its card; outside, a way in; and where WeChat is not set up, nobody is asked anything. */
import { mount } from '@vue/test-utils'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import OpenInWechat from '@/components/OpenInWechat.vue'
import * as api from '@/services/api'
import { app } from '@/services/settings'
import { problemFrom } from '@/services/problem'
import type { AppInfo } from '@/services/types'
import { inWechat, showCard, signedAddress } from '@/services/wechat'

vi.mock('@/services/api')

const info: AppInfo = {
  environment: 'test', demo: false, version: '1', currency: 'CNY', wechat_mini: true, wechat_official: true, payment: 'page', subscribe_templates: [],
}
const card = { title: '村路路灯', text: '众心村 · 装灯', path: '/project?code=P', picture: '/media/c.jpg' }
const signature = { app_id: 'wx1', timestamp: 7, nonce: 'n', signature: 's', script_url: null }
const agent = (text: string) => vi.spyOn(navigator, 'userAgent', 'get').mockReturnValue(text)
const wx = { config: vi.fn(), ready: vi.fn((then: () => void) => then()), error: vi.fn(), updateAppMessageShareData: vi.fn(), updateTimelineShareData: vi.fn() }
const world = window as unknown as { wx?: typeof wx }

beforeEach(() => {
  vi.clearAllMocks()
  wx.ready.mockImplementation((then: () => void) => then())
  world.wx = wx
  app.value = info
  agent('Mozilla/5.0 (Linux; Android 14) MicroMessenger/8.0.50')
  vi.mocked(api.jsConfig).mockResolvedValue(signature)
})
afterEach(() => {
  vi.restoreAllMocks()
  delete world.wx
  app.value = null
})

describe('the address that WeChat signs', () => {
  it('is the first of the visit on an iPhone, the present one elsewhere, and ends at #', () => {
    const [first, present] = ['https://x.org/?a#b', 'https://x.org/project?code=P#c']
    expect(signedAddress('iPhone; MicroMessenger', first, present)).toBe('https://x.org/?a')
    expect(signedAddress('Android; MicroMessenger', first, present)).toBe('https://x.org/project?code=P')
  })
})

describe('the card of a page', () => {
  it('carries title, text, picture and the page’s own address', async () => {
    expect(await showCard(card)).toBe(true)
    expect(wx.config).toHaveBeenCalledWith(expect.objectContaining({ appId: 'wx1', timestamp: 7, nonceStr: 'n', signature: 's' }))
    const told = { title: '村路路灯', link: `${location.origin}/project?code=P`, imgUrl: `${location.origin}/media/c.jpg` }
    expect(wx.updateAppMessageShareData).toHaveBeenCalledWith({ ...told, desc: '众心村 · 装灯' })
    expect(wx.updateTimelineShareData).toHaveBeenCalledWith(told)
  })

  it('is nobody’s business outside WeChat, or where there is no official account', async () => {
    app.value = { ...info, wechat_official: false }
    expect(await showCard(card)).toBe(false)
    app.value = info
    agent('Mozilla/5.0 Chrome/156')
    expect([await showCard(card), inWechat()]).toEqual([false, false])
    expect(api.jsConfig).not.toHaveBeenCalled()
  })

  it('fails quietly: no signature, no script, a signature that WeChat does not take', async () => {
    vi.mocked(api.jsConfig).mockRejectedValueOnce(problemFrom(503, { code: 'WECHAT_UNAVAILABLE' }))
    expect(await showCard(card)).toBe(false)
    wx.ready.mockImplementation(() => undefined)
    wx.error.mockImplementationOnce((then: () => void) => then())
    expect(await showCard(card)).toBe(false)
    delete world.wx
    expect(await showCard(card)).toBe(false)
  })

  it('fetches WeChat’s script only where there is none', async () => {
    delete world.wx
    vi.mocked(api.jsConfig).mockResolvedValue({ ...signature, script_url: 'https://res.wx.qq.com/open/js/x.js' })
    const put = vi.spyOn(document.head, 'appendChild').mockImplementation((script) => {
      world.wx = wx
      setTimeout(() => (script as HTMLScriptElement).onload?.(new Event('load')))
      return script
    })
    expect(await showCard({ ...card, picture: null })).toBe(true)
    expect((put.mock.calls[0][0] as HTMLScriptElement).src).toBe('https://res.wx.qq.com/open/js/x.js')
    expect(await showCard(card)).toBe(true)
    expect(put).toHaveBeenCalledTimes(1)
  })
})

describe('the way into the mini-program', () => {
  const open = () => mount(OpenInWechat, { props: { kind: 'project', code: 'P' } })

  it('is there in a browser outside WeChat, where a mini-program is set up, and nowhere else', () => {
    expect(open().find('button').exists()).toBe(false)
    agent('Mozilla/5.0 Chrome/156')
    expect(open().text()).toBe('在微信中打开')
    app.value = { ...info, wechat_mini: false }
    expect(open().find('button').exists()).toBe(false)
  })

  it('leads there, or says why not now', async () => {
    agent('Mozilla/5.0 Chrome/156')
    const gone = vi.spyOn(location, 'assign').mockImplementation(() => undefined)
    vi.mocked(api.wechatLink).mockResolvedValueOnce({ url: 'https://wxaurl.cn/abc' })
    const row = open()
    await row.find('button').trigger('click')
    await new Promise((done) => setTimeout(done))
    expect(gone).toHaveBeenCalledWith('https://wxaurl.cn/abc')
    vi.mocked(api.wechatLink).mockResolvedValueOnce({ url: 'weixin://dl/business/?t=abc' })
    await row.find('button').trigger('click')
    await new Promise((done) => setTimeout(done))
    expect(gone).toHaveBeenLastCalledWith('weixin://dl/business/?t=abc')
    vi.mocked(api.wechatLink).mockRejectedValueOnce(problemFrom(404, { code: 'WECHAT_NOT_SET_UP', detail: '现在不能从这里打开微信' }))
    await row.find('button').trigger('click')
    await new Promise((done) => setTimeout(done))
    expect(row.text()).toContain('现在不能从这里打开微信')
  })
})
