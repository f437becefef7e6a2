/** Any browser is put inside WeChat by one script: a page under the product's own policy pays in the simulator's cashier. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import http from 'node:http'
import { after } from 'node:test'
import { begin, startBrowser, told } from './browser.mjs'
import { startSimulator } from './wechat.mjs'

let simulator, browser, shop, address
const PAGE = `
  document.addEventListener('WeixinJSBridgeReady', () => { document.title = 'inside' })
  window.answers = []
  window.pay = (params) => WeixinJSBridge.invoke('getBrandWCPayRequest', params, (told) => answers.push(told))
`

/** A shop that lets in what the product lets in when WECHAT_BRIDGE_URL is set, and nothing inline. */
function serve(request, response) {
  const isScript = request.url === '/page.js'
  const base = simulator.url
  const policy = `default-src 'self'; style-src 'self' 'unsafe-inline'; script-src 'self' ${base}; object-src 'none'; frame-src ${base}; connect-src 'self' ${base}`
  response.writeHead(200, { 'Content-Type': isScript ? 'text/javascript' : 'text/html; charset=utf-8', 'Content-Security-Policy': policy })
  response.end(isScript ? PAGE : `<!doctype html><title>outside</title><script src="${base}/bridge.js"></script><script src="/page.js"></script><h1>捐赠</h1>`)
}

begin(async () => {
  simulator = await startSimulator('--fresh')
  browser = await startBrowser()
  shop = http.createServer(serve).listen(0, '127.0.0.1')
  await once(shop, 'listening')
  address = `http://127.0.0.1:${shop.address().port}/`
})
after(async () => {
  await browser?.close()
  shop?.close()
  await simulator?.stop()
})

async function takePage(t, viewport = { width: 390, height: 844 }) {
  const context = await browser.newContext({ viewport, locale: 'zh-CN' })
  const errors = []
  context.on('console', (message) => message.type() === 'error' && !message.text().includes('favicon') && errors.push(message.text()))
  context.on('weberror', (thrown) => errors.push(String(thrown.error())))
  t.after(() => context.close())
  const page = await context.newPage()
  await page.goto(address)
  await page.waitForFunction(() => document.title === 'inside')
  return { page, context, errors }
}

const cashier = (page) => page.frameLocator('iframe[title="微信支付（模拟）"]')
const answer = async (page) => (await page.waitForFunction(() => window.answers.shift())).jsonValue()
const state = async (no) => (await simulator.sim('trades')).trades.find((row) => row.out_trade_no === no).state

told('the page is inside WeChat, pays in the cashier, and hears that it did', async (t) => {
  const { page, errors } = await takePage(t)
  assert.match(await page.evaluate('navigator.userAgent'), /MicroMessenger\/8/)
  await page.evaluate((params) => window.pay(params), await simulator.order('D0000001', 1999))
  await cashier(page).getByText('¥19.99').waitFor()
  await cashier(page).getByText('幸福家园模拟慈善会').waitFor()
  await cashier(page).getByRole('button', { name: '立即支付' }).click()
  assert.deepEqual(await answer(page), { err_msg: 'get_brand_wcpay_request:ok' })
  assert.equal(await page.locator('iframe').count(), 0)
  assert.equal(await state('D0000001'), 'SUCCESS')
  assert.deepEqual(errors, [])
})

told('who cancels pays nothing', async (t) => {
  const { page } = await takePage(t, { width: 320, height: 640 })
  await page.evaluate((params) => window.pay(params), await simulator.order('D0000002', 500))
  await cashier(page).getByRole('button', { name: '立即支付' }).waitFor()
  await cashier(page).getByRole('button', { name: '取消' }).click()
  assert.deepEqual(await answer(page), { err_msg: 'get_brand_wcpay_request:cancel' })
  assert.equal(await state('D0000002'), 'NOTPAY')
})

told('what was not signed for this page opens no cashier', async (t) => {
  const { page } = await takePage(t)
  const params = await simulator.order('D0000003', 500)
  await page.evaluate((spoilt) => window.pay(spoilt), { ...params, timeStamp: '1700000000' })
  await cashier(page).getByText('支付验证签名失败').waitFor()
  await cashier(page).getByRole('button', { name: '返回' }).click()
  assert.equal((await answer(page)).err_msg, 'get_brand_wcpay_request:fail')
})

told('another person at this browser does not pay for somebody else', async (t) => {
  const { page, context } = await takePage(t)
  const other = await context.newPage()
  await other.goto(`${simulator.url}/people`)
  await other.getByRole('button', { name: '我是李秀英' }).click()
  await other.getByText('就是我').waitFor()
  await page.evaluate((params) => window.pay(params), await simulator.order('D0000004', 500))
  await cashier(page).getByRole('button', { name: '立即支付' }).click()
  await cashier(page).getByText('下单账号与支付账号不一致').waitFor()
  assert.equal(await state('D0000004'), 'NOTPAY')
})

told('a page whose signature is wrong hears so from the JS-SDK', async (t) => {
  const { page } = await takePage(t)
  const config = { appId: simulator.env.WECHAT_OFFICIAL_APPID, timestamp: 1, nonceStr: 'x', signature: 'y', jsApiList: [] }
  const heard = await page.evaluate((options) => new Promise((done) => {
    window.wx.error(done)
    window.wx.ready(() => done('ready'))
    window.wx.config(options)
  }), config)
  assert.deepEqual(heard, { errMsg: 'config:invalid signature' })
})
