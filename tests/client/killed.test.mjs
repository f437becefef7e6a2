/** The server dies in the middle of giving, three times at three places: nothing that was acknowledged is lost or doubled. */
import assert from 'node:assert/strict'
import { after } from 'node:test'
import { begin, startBrowser, takePhone, told } from './browser.mjs'
import { VILLAGE } from './places.mjs'
import { startWorld } from './world.mjs'

const RECOVERY_MS = 60_000
let world, browser, phone, project, received

begin(async () => {
  world = await startWorld()
  browser = await startBrowser()
  phone = await takePhone(browser, world)
  const village = await world.get(`/villages/${VILLAGE}`)
  project = village.projects.find((one) => one.title === '众心村老年助餐点').code
  received = village.figures.received_fen
})
after(async () => {
  await browser?.close()
  await world?.stop()
})

/** Another sum each time: the same one again would rightly be asked about first. */
async function choose(yuan) {
  await phone.go(`/give?code=${project}`)
  await phone.choose(yuan)
  await phone.press('下一步')
}

const arrived = () => phone.sees('已到账，谢谢您！', { timeout: RECOVERY_MS })
const ledgerSum = async () => (await world.get(`/villages/${VILLAGE}`)).figures.received_fen

told('killed after paying, before the money was heard of: the open page comes to "arrived" by itself', async () => {
  await world.endScheduler()
  await choose('10')
  await phone.press('去付款')
  await phone.press('支付（演示）')
  await phone.sees(/^正在确认/)
  await world.killServer()
  await phone.sees('没能更新，先看之前的内容。', { timeout: RECOVERY_MS })
  assert.doesNotMatch(await phone.text(), /失败/)
  await world.serve()
  world.schedule()
  await arrived()
  assert.equal(await ledgerSum(), received + 1000)
})

told('killed the instant that the payment was answered: opened again, the page finds the gift arrived', async () => {
  await choose('20')
  await phone.press('去付款')
  await phone.sees('沙箱·演示支付')
  const paid = phone.page.waitForResponse((answer) => answer.url().endsWith('/pay'))
  await phone.button('支付（演示）').click({ noWaitAfter: true })
  const { location } = (await paid).headers()
  await world.killServer()
  await world.serve()
  await phone.go(location)
  await arrived()
  assert.equal(await ledgerSum(), received + 3000)
})

told('killed while the order was on its way: pressed again, it is one gift and not two', async () => {
  await choose('50')
  let orders = 0
  await phone.page.route('**/projects/*/gifts', async (route) => {
    orders += 1
    if (orders > 1) return route.continue()
    await route.fetch() // The server has taken the order; its answer is lost with it.
    await world.killServer()
    return route.abort('connectionreset')
  })
  await phone.press('去付款')
  await phone.sees('连不上服务器')
  await world.serve()
  await phone.press('去付款')
  await phone.press('支付（演示）')
  await arrived()
  assert.equal(await ledgerSum(), received + 8000)
  await phone.go('/gifts')
  await phone.sees('¥10')
  assert.equal(await phone.page.locator('.row .sum').filter({ visible: true }).count(), 3)
})

told('after all of it the books are in order', async () => {
  assert.match(await world.flask('verify'), /账本核对无误/)
})
