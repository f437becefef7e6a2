/** A page while it waits, when the server fails, when the network is gone, and when there is nothing: each says so and goes on. */
import assert from 'node:assert/strict'
import { after, describe } from 'node:test'
import { begin, startBrowser, takePhone, told } from './browser.mjs'
import { liveInTheVillage, logIn } from './deeds.mjs'
import { atDesk } from './desk-api.mjs'
import { deskPlaces, publicPlaces, routes } from './places.mjs'
import { startWorld } from './world.mjs'

const phones = {}
let world, browser
let places = []
// What becomes of each request to the interface: a function of the route, or null to let it pass.
let fate = null

async function take(login) {
  const phone = await takePhone(browser, world)
  if (login) await logIn(phone, login)
  await phone.context.route('**/api/v1/**', (route) => (fate ? fate(route) : route.continue()))
  return phone
}

begin(async () => {
  world = await startWorld()
  browser = await startBrowser()
  Object.assign(phones, { villager: await take(), cun1: await take('cun1'), guojia1: await take('guojia1') })
  const gift = await liveInTheVillage(phones.villager, world)
  places = [...(await publicPlaces(world, gift)), ...(await deskPlaces(await atDesk(world, 'cun1')))]
})
after(async () => {
  await browser?.close()
  await world?.stop()
})

const broken = (route) => {
  const body = JSON.stringify({ title: 'BROKEN', status: 500, code: 'BROKEN', detail: '坏了', request_id: 'r', retryable: true })
  return route.fulfill({ status: 500, contentType: 'application/problem+json', body })
}
const gone = (route) => route.abort('internetdisconnected')

async function waits(phone, place) {
  const held = []
  fate = (route) => void held.push(route)
  await phone.go(place.at)
  await phone.page.getByRole('status', { name: '正在打开…' }).first().waitFor()
  fate = null
  await Promise.all(held.map((route) => route.continue()))
  await phone.sees(place.sees)
}

async function recovers(phone, place, trouble, words) {
  fate = trouble
  await phone.go(place.at)
  await phone.sees(words)
  assert.equal(await phone.shown(place.sees).count(), 0)
  fate = null
  await phone.press('再试一次')
  await phone.sees(place.sees)
}

describe('waits visibly, and recovers from a failing server and from no network:', () => {
  for (const route of routes()) {
    told(route, async () => {
      for (const place of places.filter((one) => one.route === route && !one.asksNothing).slice(0, 1)) {
        const phone = phones[place.who ?? 'villager']
        await waits(phone, place)
        await recovers(phone, place, broken, '这里暂时打不开')
        await recovers(phone, place, gone, '没有连上网')
      }
    })
  }
})

told('what stands on a page stays there when the network goes, and the page says so', async () => {
  const { page, context, ...phone } = phones.villager
  await phone.go(`/project?code=${places.find((place) => place.route === 'pages/give/index').at.split('=')[1]}`)
  await phone.sees('众心村老年助餐点')
  await context.setOffline(true)
  await phone.sees('手机没有连上网，看到的可能不是最新的')
  await phone.sees('众心村老年助餐点')
  await context.setOffline(false)
  await phone.shown('手机没有连上网').waitFor({ state: 'hidden' })
})

told('a page whose code does not arrive says that the network is away', async () => {
  const phone = await takePhone(browser, world)
  await phone.context.route('**/assets/pages-gifts-*', gone)
  await phone.go('/gifts')
  await phone.sees('没有连上网')
})

told('a phone that has done nothing yet is told how to begin', async () => {
  const phone = await takePhone(browser, world)
  const said = { '/gifts': '这部手机上还没有捐过款', '/shares': '还没有转发过', '/hours': '还没有服务记录' }
  for (const [place, words] of Object.entries(said)) {
    await phone.go(place)
    await phone.sees(words)
  }
  await phone.go('/')
  await phone.write('找我的村', '没有这个村')
  await phone.sees('没有找到这个名字')
})

told('lists without a line say so instead of standing empty', async () => {
  const nothing = (route) => route.fulfill({ json: { items: [], next_cursor: null } })
  const { villager } = phones
  const empty = {
    '/': '还没有村开通互助基金', '/notices': '还没有公示', '/lines?code=P&kind=spending': '还没有花钱',
    '/lines?code=P&kind=progress': '村里还没有发布进展', '/lines?code=P&kind=gifts': '还没有人捐款', '/ledger?code=P': '账本里还没有记录',
    '/region': '这里没有下级地区',
  }
  fate = nothing
  for (const [place, words] of Object.entries(empty)) {
    await villager.go(place)
    await villager.sees(words)
  }
  fate = (route) => (/\/desk\/me$/.test(route.request().url()) ? route.continue() : nothing(route))
  const atTheDesk = { '/desk': '还没有项目', '/desk/activities': '还没有志愿活动', '/desk/posters?code=P': '还没有做过海报' }
  for (const [place, words] of Object.entries(atTheDesk)) {
    await phones.cun1.go(place)
    await phones.cun1.sees(words)
  }
  await phones.guojia1.go('/desk/payouts')
  await phones.guojia1.sees('还没有拨付')
  fate = null
})

told('what does not exist is said plainly', async () => {
  const { villager } = phones
  for (const place of ['/project?code=nothing', '/village?code=999999999999', '/notice?code=nothing', '/activity?code=nothing', '/gift?code=nothing']) {
    await villager.go(place)
    await villager.sees('没有找到')
  }
})

told('who is not at work is led to the login and back to where he was', async () => {
  const phone = await takePhone(browser, world)
  await phone.go('/desk/activities')
  await phone.sees('工作台给村干部')
  await phone.write('账号', 'cun1')
  await phone.write('密码', 'xingfu-jiayuan')
  await phone.press(/^登录$/)
  await phone.sees('村道清扫与助餐送饭')
  await phone.go('/desk/unallocated')
  await phone.sees('您的账号不能办理这件事')
})
