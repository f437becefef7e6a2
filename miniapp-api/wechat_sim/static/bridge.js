// Puts any browser inside WeChat, for development: WeixinJSBridge with the simulator's cashier, and a small JS-SDK.
// A plain script from the simulator's own address: no eval, nothing inline. The page's policy must let in
// script-src, frame-src and connect-src of that address.
;(function () {
  'use strict'
  if (window.WeixinJSBridge) return
  const base = new URL(document.currentScript.src).origin
  const agent = navigator.userAgent + ' MicroMessenger/8.0.50 WechatSimulator'
  Object.defineProperty(navigator, 'userAgent', { configurable: true, get: () => agent })
  window.__wxjs_environment = 'browser'
  const waiting = new Map()
  let count = 0

  function frame(id, params) {
    const found = document.createElement('iframe')
    found.title = '微信支付（模拟）'
    found.src = base + '/cashier#' + encodeURIComponent(JSON.stringify({ id: id, pay_params: params }))
    const style = { position: 'fixed', inset: '0', width: '100%', height: '100%', border: '0', zIndex: '2147483647' }
    Object.assign(found.style, style, { background: 'rgba(247, 247, 247, 0.98)' })
    return found
  }

  function cashier(params, done) {
    const id = ++count
    const overlay = frame(id, params)
    waiting.set(id, (result, text) => {
      overlay.remove()
      done(result, text)
    })
    document.body.appendChild(overlay)
    overlay.focus()
  }

  window.addEventListener('message', (event) => {
    const told = event.data
    if (event.origin !== base || !told || told.source !== 'wechat-sim' || !waiting.has(told.id)) return
    const done = waiting.get(told.id)
    waiting.delete(told.id)
    done(told.result, told.text)
  })

  const names = ['appId', 'timeStamp', 'nonceStr', 'package', 'signType', 'paySign']
  const known = {
    getBrandWCPayRequest(params, answer) {
      const asked = {}
      for (const name of names) if (params && params[name] !== undefined) asked[name] = params[name]
      cashier(asked, (result, text) => {
        const message = { err_msg: 'get_brand_wcpay_request:' + result }
        if (text) message.err_desc = text
        answer(message)
      })
    },
    closeWindow(params, answer) {
      history.back()
      answer({ err_msg: 'close_window:ok' })
    },
  }

  window.WeixinJSBridge = {
    invoke(name, params, answer) {
      const act = known[name]
      const reply = answer || (() => undefined)
      if (act) act(params, reply)
      else reply({ err_msg: name + ':ok' })
    },
    call(name) {
      this.invoke(name)
    },
    on() {},
  }

  function sdk() {
    let isSigned = null
    const ready = []
    const errors = []
    function settle(ok) {
      isSigned = ok
      if (ok) ready.forEach((act) => act())
      else errors.forEach((act) => act({ errMsg: 'config:invalid signature' }))
    }
    function succeed(name) {
      return (options) => options && options.success && options.success({ errMsg: name + ':ok' })
    }
    return {
      config(options) {
        const body = JSON.stringify(Object.assign({ url: location.href.split('#')[0] }, options))
        const asked = { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: body }
        fetch(base + '/jssdk/check', asked).then((answer) => answer.json()).then((told) => settle(told.ok), () => settle(false))
      },
      ready: (act) => (isSigned ? act() : ready.push(act)),
      error: (act) => (isSigned === false ? act({ errMsg: 'config:invalid signature' }) : errors.push(act)),
      checkJsApi: (options) => succeed('checkJsApi')(options),
      updateAppMessageShareData: succeed('updateAppMessageShareData'),
      updateTimelineShareData: succeed('updateTimelineShareData'),
      chooseWXPay(options) {
        const params = Object.assign({}, options, { timeStamp: options.timestamp || options.timeStamp })
        known.getBrandWCPayRequest(params, (told) => {
          const result = told.err_msg.split(':')[1]
          const act = { ok: options.success, cancel: options.cancel, fail: options.fail }[result]
          if (act) act({ errMsg: 'chooseWXPay:' + result })
        })
      },
    }
  }
  if (!window.wx) window.wx = sdk()

  const say = () => document.dispatchEvent(new Event('WeixinJSBridgeReady'))
  if (document.readyState === 'loading') document.addEventListener('DOMContentLoaded', say)
  else setTimeout(say)
})()
