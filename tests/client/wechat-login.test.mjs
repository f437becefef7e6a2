/** Inside WeChat, which the simulator plays as a process of its own: one step in its browser, no word in the mini-program. */
import assert from 'node:assert/strict'
import { after } from 'node:test'
import { begin, startBrowser, takePhone, told } from './browser.mjs'
import { give, isOfAge } from './deeds.mjs'
import { assertAccessible } from './look.mjs'
import { VILLAGE } from './places.mjs'
import { startSimulator } from './wechat.mjs'
import { startWorld } from './world.mjs'

const WECHAT = /^WECHAT_(API_URL|OAUTH_URL|BRIDGE_URL|MINI_APPID|MINI_SECRET|OFFICIAL_APPID|OFFICIAL_SECRET)$/
const OURS = { 'X-Requested-With': 'happy-home', 'X-Session-Transport': 'bearer' }
let simulator, world, browser, phone, person

begin(async () => {
  simulator = await startSimulator('--fresh')
  world = await startWorld(Object.fromEntries(Object.entries(simulator.env).filter(([name]) => WECHAT.test(name))))
  browser = await startBrowser()
  person = (await simulator.sim('people')).people[0]
  phone = await takePhone(browser, world)
})
after(async () => {
  await browser?.close()
  await world?.stop()
  await simulator?.stop()
})

/** The mini-program's own way: WeChat's code, and a token that travels by hand. */
async function mini(method, place, { token, data } = {}) {
  const headers = token ? { ...OURS, Authorization: `Bearer ${token}` } : OURS
  const answer = await phone.page.request.fetch(`${world.url}/api/v1${place}`, { method, headers, data })
  return { status: answer.status(), body: await answer.json() }
}

const code = async () => (await simulator.sim('login', { person: person.id, appid: simulator.env.WECHAT_MINI_APPID })).code

told('a guest’s gift stays his when he logs in with WeChat, and he comes back to where he was', async () => {
  const { projects } = await world.get(`/villages/${VILLAGE}`)
  await give(phone, projects.find((project) => project.title === '众心村老年助餐点').code, '19.99')
  await phone.go('/me')
  await phone.follow('登录')
  await phone.button('微信登录').waitFor()
  await assertAccessible(phone.page)
  await isOfAge(phone)
  await phone.press('微信登录')
  await phone.press(person.nickname)
  await phone.sees('微信（网页）')
  assert.equal(new URL(phone.page.url()).pathname, '/me')
  await phone.go('/gifts')
  await phone.sees('¥19.99')
})

told('the mini-program is let in without a word and knows the same human; a used code asks for another', async () => {
  const js_code = await code()
  const { status, body } = await mini('POST', '/login/wechat-mini', { data: { code: js_code } })
  assert.equal(status, 200)
  const account = (await mini('GET', '/me/account', { token: body.token })).body
  assert.deepEqual(account.accounts.map((one) => one.kind).sort(), ['wechat_mini', 'wechat_official'])
  const { items } = (await mini('GET', '/me/gifts', { token: body.token })).body
  assert.deepEqual(items.map((gift) => gift.amount_fen), [1999])
  assert.doesNotMatch(JSON.stringify([body, account]), /session_key|openid/)
  const again = await mini('POST', '/login/wechat-mini', { data: { code: js_code } })
  assert.deepEqual([again.status, again.body.code], [401, 'LOGIN_CODE_USED'])
})

told('the way back opens in no other browser', async () => {
  const [mine, other] = [await takePhone(browser, world), await takePhone(browser, world)]
  const away = (await mine.page.request.get('/login/wechat?next=/me', { maxRedirects: 0 })).headers().location
  const agreed = await fetch(`${away.split('#')[0]}&sim_person=${person.id}`, { redirect: 'manual' })
  const back = agreed.headers.get('location')
  await other.go(back)
  await other.sees('这次登录已过期')
  assert.equal((await other.page.request.get('/api/v1/me/account')).status(), 401)
  await mine.go(back)
  await mine.sees('微信（网页）')
})
