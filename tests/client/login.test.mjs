/** Coming back to one's own gifts by a code to the phone; giving asked for none of it. */
import assert from 'node:assert/strict'
import { after } from 'node:test'
import { assertQuiet, begin, startBrowser, takePhone, told } from './browser.mjs'
import { give, isOfAge } from './deeds.mjs'
import { assertAccessible, assertFits } from './look.mjs'
import { VILLAGE } from './places.mjs'
import { startWorld } from './world.mjs'

const NUMBER = '13812345678'
let world, browser, meals, old

begin(async () => {
  world = await startWorld()
  browser = await startBrowser()
  const { projects } = await world.get(`/villages/${VILLAGE}`)
  meals = projects.find((project) => project.title === '众心村老年助餐点').code
  old = await takePhone(browser, world)
})
after(async () => {
  await browser?.close()
  await world?.stop()
})

/** The code stands on the page: no message is sent here, and the page says so. */
async function logsIn(phone, number = NUMBER) {
  await phone.write('手机号', number)
  await phone.press('获取验证码')
  await phone.sees('请先勾选这一行')
  await assertAccessible(phone.page)
  await assertFits(phone.page)
  await isOfAge(phone)
  await phone.press('获取验证码')
  await phone.sees('这里是测试环境，不会真的发短信')
  const code = /您的验证码是 (\d{6})/.exec(await phone.text())[1]
  await phone.write('验证码', code)
  await assertAccessible(phone.page)
  await assertFits(phone.page)
  await phone.press(/^登录$/)
  await phone.sees('登录方式')
}

told('a guest gives, reads that it arrived, and has an unread number beside his name until he has read', async () => {
  await give(old, meals, '19.99')
  await old.go('/')
  await old.sees('我的（1 条新消息）')
  await old.follow('我的（1 条新消息）')
  const read = old.page.waitForResponse(/messages\/read$/)
  await old.follow('消息（1 条新的）')
  await old.sees('19.99 元已到账')
  await read
  await old.go('/')
  await old.page.getByRole('link', { name: '我的', exact: true }).waitFor()
})

told('he logs in by a code to his phone, and his gift stays his', async () => {
  old.errors.length = 0
  await old.go('/me')
  await old.sees('您现在没有登录')
  await old.follow('登录')
  await logsIn(old)
  await old.sees('手机号 138****5678')
  await assertAccessible(old.page)
  await assertFits(old.page)
  await old.go('/gifts')
  await old.sees('¥19.99')
  assertQuiet(old)
})

told('a wrong code says so, and the right one is still good', async () => {
  const other = await takePhone(browser, world)
  await other.go('/login')
  await isOfAge(other)
  await other.write('手机号', '12')
  await other.press('获取验证码')
  await other.sees('请填写 11 位手机号')
  await other.write('手机号', '13900000001')
  await other.press('获取验证码')
  await other.sees('您的验证码是')
  const code = /您的验证码是 (\d{6})/.exec(await other.text())[1]
  await other.write('验证码', String((Number(code) + 1) % 1e6).padStart(6, '0'))
  await other.press(/^登录$/)
  await other.sees('验证码不对或已过期')
  await other.write('验证码', code)
  await other.press(/^登录$/)
  await other.sees('手机号 139****0001')
})

told('the last way in goes only after the page has said what that means', async () => {
  const phone = await takePhone(browser, world)
  await phone.go('/login')
  await logsIn(phone, '13900000002')
  await phone.press('移除 手机号 139****0002')
  await phone.sees('这是最后一种登录方式')
  await assertAccessible(phone.page)
  await phone.press('确定移除')
  await phone.sees('您现在没有登录')
})

told('who logs out leaves nothing on the phone', async () => {
  const phone = await takePhone(browser, world)
  await phone.go('/login')
  await logsIn(phone, '13900000003')
  await phone.press('退出登录')
  await phone.sees('退出后这部手机看不到您的记录')
  await phone.press('确定退出')
  await phone.sees('您现在没有登录')
})

told('on another phone the number brings the gift back, joined with what that phone gave as a guest', async () => {
  const fresh = await takePhone(browser, world)
  await give(fresh, meals, '5')
  await fresh.page.waitForTimeout(1000)
  await fresh.go('/login')
  await isOfAge(fresh)
  await fresh.write('手机号', NUMBER)
  await fresh.press('获取验证码')
  await fresh.sees(/秒.后再试|您的验证码是/)
  if (!/您的验证码是/.test(await fresh.text())) await waitsForTurn(fresh)
  await fresh.write('验证码', /您的验证码是 (\d{6})/.exec(await fresh.text())[1])
  await fresh.press(/^登录$/)
  await fresh.sees('2 部手机能看到您的记录')
  for (const phone of [fresh, old]) {
    await phone.go('/gifts')
    await phone.sees('¥19.99')
    await phone.sees('¥5')
  }
  await fresh.go('/me')
  await fresh.press('让其他手机退出')
  await fresh.sees('已让 1 部手机退出')
  await old.go('/me')
  await old.sees('您现在没有登录')
})

/** One code a minute for one number: the page says how long, and so long it is. */
async function waitsForTurn(phone) {
  const seconds = Number(/请 (\d+) 秒 ?后再试/.exec(await phone.text())[1])
  assert.ok(seconds > 0 && seconds <= 60)
  await phone.page.waitForTimeout(seconds * 1000)
  await phone.press('获取验证码')
  await phone.sees('您的验证码是')
}
