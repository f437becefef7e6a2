/** The whole way with WeChat Pay, which the simulator plays: WeChat learns who pays, its cashier opens, the money arrives. */
import assert from 'node:assert/strict'
import { after } from 'node:test'
import { begin, startBrowser, takePhone, told } from './browser.mjs'
import { assertAccessible } from './look.mjs'
import { VILLAGE } from './places.mjs'
import { startSimulator } from './wechat.mjs'
import { startWorld } from './world.mjs'

let simulator, inside, outside, browser, project
const cashier = (phone) => phone.page.frameLocator('iframe[title="微信支付（模拟）"]')

begin(async () => {
  simulator = await startSimulator('--fresh')
  const { PUBLIC_URL, PORT, HOST, DATA_DIR, DATABASE_URL, ...wechat } = simulator.env
  inside = await startWorld(wechat)
  const { WECHAT_BRIDGE_URL, ...outsideOfIt } = wechat
  outside = await startWorld(outsideOfIt)
  browser = await startBrowser()
  const { projects } = await inside.get(`/villages/${VILLAGE}`)
  project = projects.find((one) => one.title === '众心村老年助餐点').code
})
after(async () => {
  await browser?.close()
  await inside?.stop()
  await outside?.stop()
  await simulator?.stop()
})

/** Choose an amount and press pay: WeChat asks the simulated browser once who it is, and brings it back. */
async function wishes(phone, yuan, { person } = {}) {
  await phone.go(`/give?code=${project}`)
  await phone.write('或者自己填金额（元）', yuan)
  await phone.press('下一步')
  await phone.press('去付款')
  if (person) await phone.press(person)
  await cashier(phone).getByText(`¥${yuan}`).waitFor()
}

const pays = (phone) => cashier(phone).getByRole('button', { name: '立即支付' }).click()
const cancels = (phone) => cashier(phone).getByRole('button', { name: '取消' }).click()

told('who pays in WeChat is known without a form, pays in its cashier, and sees the money arrive', async () => {
  const phone = await takePhone(browser, inside)
  const { people } = await simulator.sim('people')
  await wishes(phone, '19.99', { person: people[0].nickname })
  await pays(phone)
  await phone.sees('已到账，谢谢您！', { timeout: 30_000 })
  await phone.sees('打开收据', { timeout: 30_000 })
  assert.deepEqual(phone.errors.filter((error) => !error.startsWith('Failed to load resource')), [], 'the page breaks nowhere')
})

told('who cancels is offered the same order again, and never hears that it failed', async () => {
  const phone = await takePhone(browser, inside)
  const { people } = await simulator.sim('people')
  await wishes(phone, '5.00', { person: people[1].nickname })
  await cancels(phone)
  await phone.sees('还没有收到付款')
  await assertAccessible(phone.page)
  assert.doesNotMatch(await phone.text(), /失败/)
  const before = (await simulator.sim('trades')).trades.length
  await phone.press('去付款')
  await cashier(phone).getByText('¥5.00').waitFor()
  await pays(phone)
  await phone.sees('已到账，谢谢您！', { timeout: 30_000 })
  assert.equal((await simulator.sim('trades')).trades.length, before, 'no second order')
})

told('who has paid is not told that nothing has come, nor offered to pay again, when he opens the page anew', async () => {
  const phone = await takePhone(browser, inside)
  const { people } = await simulator.sim('people')
  await simulator.sim('knobs', { 'callback.drop': 1, 'api.system_error@query': 1 }) // For now nobody hears of it.
  await wishes(phone, '7.00', { person: people[0].nickname })
  await pays(phone)
  await phone.sees(/^正在确认/)
  for (const place of [phone.page.url(), '/gifts']) {
    await phone.go(place)
    await phone.sees(/^正在确认/)
    assert.doesNotMatch(await phone.text(), /待付款|去付款|还没有收到付款/)
  }
  await simulator.sim('knobs', { 'callback.drop': 0, 'api.system_error@query': 0 })
  await simulator.sim('callbacks/resend', {})
  await phone.page.goBack()
  await phone.sees('已到账，谢谢您！', { timeout: 60_000 })
})

told('a second gift like the one of a moment ago is asked about first', async () => {
  const phone = await takePhone(browser, inside)
  const { people } = await simulator.sim('people')
  await wishes(phone, '6.00', { person: people[2].nickname })
  await pays(phone)
  await phone.sees('已到账，谢谢您！', { timeout: 30_000 })
  await phone.go(`/give?code=${project}`)
  await phone.write('或者自己填金额（元）', '6.00')
  await phone.press('下一步')
  await phone.press('去付款')
  await phone.sees('刚捐过同样的一笔')
  await assertAccessible(phone.page)
  await phone.press('再捐一次')
  await cashier(phone).getByText('¥6.00').waitFor()
})

told('a browser outside WeChat shows the way into it instead of a button that cannot work', async () => {
  const phone = await takePhone(browser, outside)
  await phone.go(`/give?code=${project}`)
  await phone.sees('请在微信中打开付款')
  await phone.press('显示二维码')
  await phone.page.getByRole('img', { name: '用微信扫这个二维码打开这一页' }).waitFor()
  await phone.press('复制链接')
  await phone.sees('已复制')
  await assertAccessible(phone.page)
  assert.equal(await phone.page.getByRole('button', { name: '下一步' }).count(), 0)
})
