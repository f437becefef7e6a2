/** Paying: who the cashier does not know logs in and comes back; what the cashier says is never proof. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { leaveDraft, takeDraft, type Draft } from '@/services/draft'
import { asPayer, needsWechat, openCashier, pay } from '@/services/pay'
import { problemFrom } from '@/services/problem'
import { forgetSaid, noteSaid, saidPaid, shownState } from '@/services/said'
import { app } from '@/services/settings'
import type { AppInfo, Gift, PayParams } from '@/services/types'
import { kept, serverAnswers, uniWorld } from './uni-world'

const params: PayParams = { appId: 'wx1', timeStamp: '7', nonceStr: 'n', package: 'prepay_id=1', signType: 'RSA', paySign: 's' }
const gift = (more: Partial<Gift>): Gift => ({ code: 'G', pay_url: null, pay_params: null, ...more }) as Gift
const refused = (status: number, code: string) => problemFrom(status, { code })
const assign = vi.fn()
const world = window as unknown as { WeixinJSBridge?: object }

beforeEach(() => {
  vi.useFakeTimers()
  assign.mockReset()
  vi.stubGlobal('location', { assign, origin: 'https://x.org' })
})
afterEach(() => {
  vi.useRealTimers()
  delete world.WeixinJSBridge
  app.value = null
})

const bridgeSays = (err_msg?: string) => {
  const invoke = vi.fn((_name: string, _params: object, then: (answer: object) => void) => then({ err_msg }))
  world.WeixinJSBridge = { invoke }
  return invoke
}

describe('the cashier', () => {
  it.each([
    ['get_brand_wcpay_request:ok', 'done'],
    ['get_brand_wcpay_request:cancel', 'cancelled'],
    ['get_brand_wcpay_request:fail', 'broken'],
    [undefined, 'broken'],
  ])('that says %s has %s', async (said, becomes) => {
    const invoke = bridgeSays(said)
    expect(await openCashier(params)).toBe(becomes)
    expect(invoke.mock.calls[0].slice(0, 2)).toEqual(['getBrandWCPayRequest', params])
  })

  it('may come some time after the page', async () => {
    const answer = openCashier(params)
    bridgeSays('get_brand_wcpay_request:ok')
    document.dispatchEvent(new Event('WeixinJSBridgeReady'))
    expect(await answer).toBe('done')
  })

  it('that never comes is broken, and nothing was paid', async () => {
    const answer = openCashier(params)
    await vi.advanceTimersByTimeAsync(5000)
    expect(await answer).toBe('broken')
  })

  it('is believed only so far that nobody is offered to pay again', async () => {
    bridgeSays('get_brand_wcpay_request:cancel')
    await pay(gift({ code: 'A', pay_params: params }))
    bridgeSays('get_brand_wcpay_request:ok')
    await pay(gift({ code: 'B', pay_params: params }))
    expect([saidPaid('A'), saidPaid('B')]).toEqual([false, true])
  })
})

describe('who has paid by what the cashier said', () => {
  it('is not told that nothing has come when he opens the page anew', async () => {
    noteSaid('A')
    vi.resetModules()
    const anew = await import('@/services/said')
    expect(anew.shownState({ code: 'A', state: 'payable' })).toBe('confirming')
    expect(anew.shownState({ code: 'never-paid', state: 'payable' })).toBe('payable')
  })

  it('hears what the server says as soon as it says it', () => {
    noteSaid('A')
    for (const state of ['paid', 'redirected', 'expired', 'quarantined'] as const) expect(shownState({ code: 'A', state })).toBe(state)
  })

  it('leaves nothing on a phone that forgets him, nor ever much', () => {
    for (let number = 0; number < 30; number += 1) noteSaid(`G${number}`)
    expect([saidPaid('G9'), saidPaid('G10'), saidPaid('G29')]).toEqual([false, true, true])
    forgetSaid()
    expect([saidPaid('G29'), kept.has('said_paid')]).toEqual([false, false])
  })
})

describe('a gift', () => {
  it('is paid on the provider’s page where it has one', async () => {
    await pay(gift({ pay_url: '/sandbox/pay/D1', pay_params: params }))
    expect(assign).toHaveBeenCalledWith('/sandbox/pay/D1')
  })

  it('that has been paid meanwhile opens nothing', async () => {
    const invoke = bridgeSays('get_brand_wcpay_request:ok')
    await pay(gift({ code: 'C' }))
    expect([invoke.mock.calls.length, saidPaid('C')]).toEqual([0, false])
  })
})

describe('a payer whom WeChat does not know', () => {
  it('leaves for the login and comes back to the same wish', async () => {
    const [act, leave] = [vi.fn().mockRejectedValue(refused(409, 'PAYER_UNKNOWN')), vi.fn()]
    const sent = serverAnswers({ status: 200, body: { address: 'https://wechat.test/authorize?state=s' } })
    expect(await asPayer(act, { page: '/give?code=P&back=1', leave })).toBeNull()
    expect(leave).toHaveBeenCalledOnce()
    expect(assign).toHaveBeenCalledWith('https://wechat.test/authorize?state=s')
    expect(JSON.parse(sent[0].data ?? '')).toEqual({ next: '/give?code=P&back=1' })
  })

  it('is not sent round and round', async () => {
    const act = vi.fn().mockRejectedValue(refused(409, 'PAYER_UNKNOWN'))
    await expect(asPayer(act, { page: '/give', is_back: true })).rejects.toMatchObject({ code: 'PAYER_UNKNOWN' })
    expect(assign).not.toHaveBeenCalled()
  })

  it.each([['PAYMENT_PREPARING', 409], ['PAYMENT_NUMBER_KNOWN', 503]])('while %s the same is asked again', async (code, status) => {
    const act = vi.fn().mockRejectedValueOnce(refused(status, code)).mockResolvedValue('paid')
    const answer = asPayer(act, { page: '/give' })
    await vi.advanceTimersByTimeAsync(2000)
    expect(await answer).toBe('paid')
  })

  it('is not kept waiting for ever', async () => {
    const act = vi.fn().mockRejectedValue(refused(409, 'PAYMENT_PREPARING'))
    const answer = expect(asPayer(act, { page: '/give' })).rejects.toMatchObject({ code: 'PAYMENT_PREPARING' })
    await vi.advanceTimersByTimeAsync(60_000)
    await answer
    expect(act).toHaveBeenCalledTimes(5)
  })

  it('hears any other refusal at once', async () => {
    const act = vi.fn().mockRejectedValue(refused(409, 'NOT_COLLECTING'))
    await expect(asPayer(act, { page: '/give' })).rejects.toMatchObject({ code: 'NOT_COLLECTING' })
  })
})

describe('a browser', () => {
  const info = (payment: AppInfo['payment']) => ({ payment }) as AppInfo
  it('outside WeChat shows the way there, where the cashier is WeChat’s', () => {
    app.value = info('phone')
    expect(needsWechat()).toBe(true)
    app.value = info('page')
    expect(needsWechat()).toBe(false)
  })
  it('inside WeChat pays here', () => {
    app.value = info('phone')
    vi.stubGlobal('navigator', { userAgent: 'MicroMessenger/8.0.50' })
    expect(needsWechat()).toBe(false)
    vi.unstubAllGlobals()
    vi.stubGlobal('uni', uniWorld)
  })
})

describe('what was chosen', () => {
  const draft: Draft = { chip: '', free: '19.99', display: 'nickname', name: '阿芳', hide_amount: false, message: '' }
  beforeEach(() => kept.clear())

  it('waits for who comes back from the login, once', () => {
    leaveDraft('P', draft, 0)
    expect(takeDraft('P', 1000)).toEqual(draft)
    expect(takeDraft('P', 1000)).toBeNull()
  })
  it('is not mixed up with another project, nor with another day', () => {
    leaveDraft('P', draft, 0)
    expect(takeDraft('Q', 1000)).toBeNull()
    leaveDraft('P', draft, 0)
    expect(takeDraft('P', 600_001)).toBeNull()
  })
})
