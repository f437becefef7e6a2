/** Money that cannot go back where it came from: to a card of the giver's own, written down by one, confirmed by another, a day later. */
import path from 'node:path'
import { after } from 'node:test'
import { assertQuiet, begin, startBrowser, takePhone, told } from './browser.mjs'
import { give, logIn } from './deeds.mjs'
import { atDesk } from './desk-api.mjs'
import { assertAccessible, assertFits } from './look.mjs'
import { VILLAGE } from './places.mjs'
import { becomes } from './patience.mjs'
import { startWorld } from './world.mjs'

/** What the sandbox pays back never arrives where the sum ends like this; nor does it at a card that ends so. */
const YUAN = '20.44'
const [HIS_CARD, ANOTHERS] = ['6222020200098765437', '6222020200098765444']
const DAY_SECONDS = 25 * 3600
const SHOTS = process.env.SHOTS
let world, browser, giver, clerk, checker, gift

begin(async () => {
  world = await startWorld()
  browser = await startBrowser()
  giver = await takePhone(browser, world)
  clerk = await takePhone(browser, world)
  checker = await takePhone(browser, world)
  await logIn(clerk, 'guojia1')
  await logIn(checker, 'guojia2')
  const { projects } = await world.get(`/villages/${VILLAGE}`)
  gift = await give(giver, projects.find((one) => one.title === '众心村老年助餐点').code, YUAN)
})
after(async () => {
  await browser?.close()
  await world?.stop()
})

/** As large as an old clerk sets it, on a small phone too. */
async function looksRight({ page, press }, name) {
  for (const [size, then] of [['usual', '大字：换成大字'], ['large', '标准字：换回标准字']]) {
    await assertAccessible(page)
    await assertFits(page)
    if (SHOTS) await page.screenshot({ path: path.join(SHOTS, `${name}-${size}.png`), fullPage: true })
    await press(then)
  }
}

async function opensAbnormal(phone, words) {
  await phone.go('/desk/refunds')
  await phone.choose('异常的')
  await phone.sees(words)
}

async function writesCard(phone, number) {
  await phone.press(/^改退到捐赠人的银行卡/)
  await phone.choose('工商银行')
  await phone.write('银行卡号', number)
  await phone.write('持卡人姓名', '王小明')
  await phone.press('提交，请另一位同事确认')
  await phone.sees('等另一位同事确认')
}

async function confirms(phone) {
  await opensAbnormal(phone, '等另一位同事确认')
  await phone.press(/^确认这张卡/)
  await phone.sees('请打电话给捐赠人')
}

/** A day passes, and everybody comes back; the desk does not stay open over night. */
async function dayPasses(seconds) {
  await world.sleepsUntil(seconds)
  await world.serve()
  world.schedule()
  await logIn(clerk, 'guojia1')
  await logIn(checker, 'guojia2')
}

told('a refund that the account cannot take is told at the desk, and the giver reads that his money is kept', async () => {
  await giver.go(`/gift?code=${gift}`)
  await giver.press('申请退款')
  await giver.write('退多少（元）', YUAN)
  await giver.write('为什么退款', '捐重了')
  await giver.press('提交申请')
  await giver.sees('已提交。')
  const staff = [await atDesk(world, 'guojia1'), await atDesk(world, 'guojia2')]
  const { items } = await staff[0].call('GET', '/desk/refunds?wanted=open')
  const { code } = items.find((one) => one.amount_fen === 2044)
  for (const one of staff) await one.call('POST', `/desk/refunds/${code}/approvals`)
  const all = () => staff[0].call('GET', '/desk/refunds?wanted=abnormal')
  await becomes(all, ({ items }) => items.some((one) => one.code === code), { within_ms: 90_000 })
  await opensAbnormal(clerk, '异常：退不回原账户')
  await looksRight(clerk, 'abnormal')
  await giver.finds('/messages', '退')
  await looksRight(giver, 'told-abnormal')
})

told('who writes down a card is told what is wrong with it, and does not confirm it himself', async () => {
  await clerk.press(/^改退到捐赠人的银行卡/)
  await clerk.write('银行卡号', '12345')
  await clerk.press('提交，请另一位同事确认')
  await clerk.sees('这里要填')
  await looksRight(clerk, 'card-faults')
  await clerk.press('先不办')
  await writesCard(clerk, ANOTHERS)
  await clerk.sees('这张卡是您填的')
  await looksRight(clerk, 'card-entered')
})

told('another confirms it, reads when it goes, and may take it back until then', async () => {
  await confirms(checker)
  await looksRight(checker, 'card-confirm')
  await checker.press('已核对，确认退 ¥20.44')
  await checker.sees('已确认，等着发出')
  await checker.sees('在这以前还可以收回')
  await looksRight(checker, 'card-confirmed')
  await giver.finds('/messages', '银行卡')
  await looksRight(giver, 'told-card')
  await checker.press(/^收回这张卡/)
  await checker.press('确定收回')
  await checker.sees('已收回')
  await giver.finds('/messages', '退款不再退到这张卡')
})

told('a card that is not the giver’s takes nothing, and everybody is told', async () => {
  await writesCard(checker, ANOTHERS)
  await confirms(clerk)
  await clerk.press('已核对，确认退 ¥20.44')
  await clerk.sees('已确认，等着发出')
  await dayPasses(DAY_SECONDS)
  await becomes(() => clerk.finds('/desk/troubles', '改退的银行卡没有办成').then(() => true, () => false), Boolean)
  await looksRight(clerk, 'card-refused-trouble')
  await opensAbnormal(clerk, '没有办成')
  await looksRight(clerk, 'card-refused')
})

told('his own takes it, and he reads that it has arrived', async () => {
  await writesCard(clerk, HIS_CARD)
  await confirms(checker)
  await checker.press('已核对，确认退 ¥20.44')
  await checker.sees('已确认，等着发出')
  await dayPasses(2 * DAY_SECONDS)
  await becomes(() => giver.finds(`/gift?code=${gift}`, '已退回 ¥20.44').then(() => true, () => false), Boolean)
  await looksRight(giver, 'card-done')
  await giver.go('/messages')
  await looksRight(giver, 'told-done')
  await clerk.go('/desk/refunds')
  await clerk.choose('全部')
  await clerk.sees('已退到这张卡')
  await looksRight(clerk, 'card-done-desk')
})

told('nothing went wrong behind the pages', () => {
  for (const one of [giver, clerk, checker]) {
    one.errors = one.errors.filter((line) => !/status of (401|404)/.test(line))
    assertQuiet(one)
  }
})
