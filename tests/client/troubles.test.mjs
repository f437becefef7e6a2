/** What needs a person, at the desk: money that came too late, notices that nobody took. Each is worked off with a word. */
import path from 'node:path'
import { after } from 'node:test'
import { assertQuiet, begin, startBrowser, takePhone, told } from './browser.mjs'
import { logIn } from './deeds.mjs'
import { atDesk } from './desk-api.mjs'
import { assertAccessible, assertFits } from './look.mjs'
import { HERE, PYTHON, run } from './prepared.mjs'
import { startWorld } from './world.mjs'

const PROJECT = '众心村老年助餐点'
const LETTER = '演示付款的通知没有送到'
const LATE = '有一笔钱没有进原来的项目'
let world, browser, giver, clerk, checker

begin(async () => {
  world = await startWorld()
  browser = await startBrowser()
  giver = await takePhone(browser, world)
  clerk = await takePhone(browser, world)
  checker = await takePhone(browser, world)
  await logIn(clerk, 'guojia1')
  await logIn(checker, 'guojia2')
})
after(async () => {
  await browser?.close()
  await world?.stop()
})

/** As large as an old clerk sets it, on a small phone too. */
async function looksRight(phone) {
  await assertAccessible(phone.page)
  await assertFits(phone.page)
  await phone.press('大字：换成大字')
  await assertAccessible(phone.page)
  await assertFits(phone.page)
  await phone.press('标准字：换回标准字')
}

const gone = (phone, words) => phone.page.getByText(words).filter({ visible: true }).first().waitFor({ state: 'detached' })

told('money that came after its project had ended is told with its order and its sum, and leads to the waiting money', async () => {
  const cadre = await atDesk(world, 'cun1')
  const { code } = await cadre.projectCalled(PROJECT)
  await giver.go(`/give?code=${code}`)
  await giver.write('或者自己填金额（元）', '66.60')
  await giver.press('下一步')
  await giver.press('去付款')
  await giver.sees('沙箱·演示支付')
  await cadre.call('POST', `/desk/projects/${code}/end`, {})
  await giver.press('支付（演示）')
  await clerk.follow('要人处理的事')
  await clerk.finds('/desk/troubles', LATE)
  await clerk.sees('金额：¥66.60')
  await clerk.sees(/^订单号 /)
  await looksRight(clerk)
  await clerk.follow('去“待安排的钱”')
  await clerk.sees('¥66.60')
})

told('who has settled it writes how, and of two who press the second is told so', async () => {
  for (const phone of [checker, clerk]) {
    await phone.finds('/desk/troubles', LATE)
    await phone.press(/^已经处理好/)
    await phone.press('确定，处理好了')
    await phone.sees('这里要填')
  }
  await looksRight(clerk)
  await clerk.write('查到了什么，怎么办的', '已和捐款人核对，转给村里的互助基金')
  await clerk.press('确定，处理好了')
  await clerk.sees('没有要处理的事')
  await checker.write('查到了什么，怎么办的', '我也看了')
  await checker.press('确定，处理好了')
  await checker.sees('可能已经处理过了')
  await checker.press('看看现在的情况')
  await checker.sees('没有要处理的事')
})

told('notices that nobody took are sent once more when the server is back, or ended with a reason', async () => {
  await world.killServer()
  await run(PYTHON, [path.join(HERE, 'owe.py'), 'D-AWAY-1', 'D-AWAY-2'], { env: world.env })
  await world.serve()
  await clerk.finds('/desk/troubles', LETTER)
  await clerk.sees('编号 D-AWAY-1')
  await looksRight(clerk)
  await clerk.press(/^不再发送.*D-AWAY-1/)
  await clerk.write('为什么不再发送', '演示已经结束')
  await clerk.press('确定不再发送')
  await gone(clerk, '编号 D-AWAY-1')
  await clerk.press(/^再发一次.*D-AWAY-2/)
  await clerk.press('确定再发一次')
  await gone(clerk, '编号 D-AWAY-2')
  await clerk.finds('/desk/troubles', '有一条通知看不懂')
})

told('nothing went wrong behind the pages', () => {
  const refused = /status of (401|404)/
  for (const one of [giver, clerk, checker]) {
    one.errors = one.errors.filter((line) => !refused.test(line))
    assertQuiet(one)
  }
})
