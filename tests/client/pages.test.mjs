/** Every page, for everybody: no other host, no error, no hurdle for a screen reader, and it fits a small phone in large type. */
import assert from 'node:assert/strict'
import { after, describe } from 'node:test'
import { assertQuiet, begin, startBrowser, takePhone, told } from './browser.mjs'
import { liveInTheVillage, logIn } from './deeds.mjs'
import { atDesk } from './desk-api.mjs'
import { assertAccessible, assertFits } from './look.mjs'
import { deskPlaces, publicPlaces, routes } from './places.mjs'
import { startWorld } from './world.mjs'

const phones = {}
let world, browser, gift
let places = []

async function villager() {
  const phone = await takePhone(browser, world)
  gift = await liveInTheVillage(phone, world)
  return phone
}

async function staff(login) {
  const phone = await takePhone(browser, world)
  await logIn(phone, login)
  return phone
}

begin(async () => {
  world = await startWorld()
  browser = await startBrowser()
  Object.assign(phones, { villager: await villager(), cun1: await staff('cun1'), guojia1: await staff('guojia1') })
  places = [...(await publicPlaces(world, gift)), ...(await deskPlaces(await atDesk(world, 'cun1')))]
})
after(async () => {
  await browser?.close()
  await world?.stop()
})

async function look(phone, place) {
  phone.errors.length = 0
  await phone.go(place.at)
  await phone.sees(place.sees)
  await assertAccessible(phone.page)
  await assertFits(phone.page)
  await phone.press('大字：换成大字')
  await phone.button('标准字：换回标准字').waitFor()
  await assertAccessible(phone.page)
  await assertFits(phone.page)
  await phone.press('标准字：换回标准字')
  assertQuiet(phone)
}

told('the list below holds every page of the client', () => {
  assert.deepEqual(new Set(places.map((place) => place.route)), new Set(routes()))
})

describe('each page is quiet, accessible and fits:', () => {
  for (const route of routes()) {
    told(route, async () => {
      for (const place of places.filter((one) => one.route === route)) await look(phones[place.who ?? 'villager'], place)
    })
  }
})

told('the steps of giving and a shared card are accessible too', async () => {
  const { page, ...phone } = phones.villager
  const [{ at }] = places.filter((place) => place.route === 'pages/give/index')
  await phone.go(at)
  await phone.press('下一步')
  await phone.sees('请选一个金额，或者自己填')
  await assertAccessible(page)
  await phone.choose('50')
  await phone.choose('昵称')
  await phone.write('您的称呼', '小周')
  await assertAccessible(page)
  await phone.press('下一步')
  await phone.sees('这笔钱由谁接收')
  await assertAccessible(page)
  await assertFits(page)
  await phone.go(places.find((place) => place.route === 'pages/share/index').at)
  await phone.press('生成我的链接和卡片')
  await phone.sees('保存卡片图片')
  await assertAccessible(page)
  await assertFits(page)
})

told('the steps of the desk’s form are accessible, with their faults shown', async () => {
  const { page, ...phone } = phones.cun1
  await phone.go('/desk/publish')
  await phone.press('下一步')
  await phone.sees(/还有 \d+ 处要改/)
  await assertAccessible(page)
  await assertFits(page)
})

told('what the server draws itself is accessible: payment, receipt, notice, a stopped code, the interface', async () => {
  const { page, ...phone } = phones.villager
  const receipt = (await (await page.request.get(`/api/v1/gifts/${gift}`)).json()).receipt.url
  const notice = places.find((place) => place.route === 'pages/notice/index').at.split('=')[1]
  for (const place of [receipt, `/n/${notice}`, '/s/forged', '/verify', '/api/docs']) {
    await phone.go(place)
    await assertAccessible(page)
    await assertFits(page)
  }
  await phone.go(places.find((place) => place.route === 'pages/give/index').at)
  await phone.choose('10')
  await phone.press('下一步')
  await phone.press('去付款')
  await phone.sees('沙箱·演示支付')
  await assertAccessible(page)
  await assertFits(page)
})

told('the framework calls nobody, also some seconds after the page was opened', async () => {
  await phones.villager.go('/')
  await phones.villager.page.waitForTimeout(3500)
  assert.deepEqual(phones.villager.foreign, [])
})
