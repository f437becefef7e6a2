/** The paper that stays: opened, kept, verified by somebody else, not wanted and wanted again, and the sum of a year. */
import assert from 'node:assert/strict'
import fs from 'node:fs'
import path from 'node:path'
import { after } from 'node:test'
import { assertQuiet, begin, PHONE, startBrowser, takePhone, told } from './browser.mjs'
import { give } from './deeds.mjs'
import { assertAccessible, assertFits } from './look.mjs'
import { VILLAGE } from './places.mjs'
import { OUT } from './prepared.mjs'
import { decode, startWorld } from './world.mjs'

let world, browser, giver, neighbour
let project, gift, receipt, verify

begin(async () => {
  world = await startWorld()
  browser = await startBrowser()
  giver = await takePhone(browser, world)
  neighbour = await takePhone(browser, world)
  const { projects } = await world.get(`/villages/${VILLAGE}`)
  project = projects.find((one) => one.title === '众心村老年助餐点').code
  gift = await give(giver, project, '19.99')
})
after(async () => {
  await browser?.close()
  await world?.stop()
})

const SHOTS = process.env.SHOTS
async function look({ page }, name) {
  if (SHOTS) await page.screenshot({ path: path.join(SHOTS, `${name}.png`), fullPage: true })
}

const fetched = (phone, place) => phone.page.request.get(place)

told('the receipt is opened and kept as a PDF and as a picture', async () => {
  await giver.go(`/gift?code=${gift}`)
  await giver.sees('打开收据')
  await assertAccessible(giver.page)
  await assertFits(giver.page)
  await look(giver, 'gift')
  await giver.press('打开收据')
  await giver.sees('捐赠收据')
  receipt = new URL(giver.page.url()).pathname
  await assertAccessible(giver.page)
  await assertFits(giver.page)
  await look(giver, 'receipt')
  for (const [link, type, begins] of [['下载 PDF', 'application/pdf', '%PDF'], ['保存图片', 'image/png', '\x89PNG']]) {
    const answer = await fetched(giver, await giver.link(link).getAttribute('href'))
    assert.equal(answer.headers()['content-type'], type)
    const body = await answer.body()
    assert.ok(body.toString('latin1').startsWith(begins))
    fs.writeFileSync(path.join(SHOTS ?? OUT, `receipt.${type.split('/')[1]}`), body)
  }
})

told('a neighbour scans the code on the picture and reads that it is true', async () => {
  const [address] = await decode(await (await fetched(giver, `${receipt}/receipt.png`)).body())
  assert.ok(address.startsWith(`${world.url}/verify/`))
  await neighbour.go(address)
  await neighbour.sees('这张收据有效')
  await neighbour.sees('¥19.99')
  await assertAccessible(neighbour.page)
  await assertFits(neighbour.page)
  await look(neighbour, 'verified')
  verify = address.split('/').slice(-2)
})

told('typed by hand it says the same, also on a small phone and in large type', async () => {
  await neighbour.page.setViewportSize({ width: 320, height: PHONE.height })
  await neighbour.go('/verify')
  await look(neighbour, 'verify-320')
  const [number, code] = verify
  await neighbour.write('收据编号', number.toLowerCase())
  await neighbour.write('校验码', 'AAAAA')
  await neighbour.press('核验')
  await neighbour.sees('编号或校验码不对')
  await neighbour.write('校验码', code.replace('-', ' '))
  await neighbour.page.addStyleTag({ content: 'html { font-size: 200% }' })
  await assertFits(neighbour.page)
  await neighbour.page.setViewportSize({ width: 320, height: PHONE.height })
  await look(neighbour, 'verify-320-large')
  await neighbour.press('核验')
  await neighbour.sees('这张收据有效')
})

told('who wants no receipt says so, and may think again', async () => {
  await giver.go(`/gift?code=${gift}`)
  await giver.press('我不要收据')
  await giver.sees('您选择了不要收据')
  await look(giver, 'waived')
  assert.equal((await fetched(giver, receipt)).status(), 410)
  await giver.press('我要收据')
  await giver.sees('打开收据')
  assert.equal((await fetched(giver, receipt)).status(), 200)
})

told('who wants none says so while giving, reads it once more, and none is made', async () => {
  await neighbour.page.setViewportSize(PHONE)
  await neighbour.go(`/give?code=${project}`)
  await neighbour.write('或者自己填金额（元）', '3')
  await neighbour.page.getByRole('checkbox', { name: '我不要收据' }).click()
  await look(neighbour, 'give-waived')
  await neighbour.press('下一步')
  await neighbour.sees('我不要收据')
  await assertAccessible(neighbour.page)
  await assertFits(neighbour.page)
  await neighbour.press('去付款')
  await neighbour.press('支付（演示）')
  await neighbour.sees('已到账，谢谢您！', { timeout: 30_000 })
  const own = new URL(neighbour.page.url()).searchParams.get('gift')
  await neighbour.go(`/gift?code=${own}`)
  await neighbour.sees('您选择了不要收据', { timeout: 30_000 })
})

told('my year lists it with its receipt, and can be kept as a PDF', async () => {
  await giver.go('/gifts')
  await giver.sees('年度捐赠清单')
  await look(giver, 'gifts')
  await giver.follow('年度捐赠清单')
  await giver.sees('年共捐赠')
  await giver.sees('¥19.99')
  await assertAccessible(giver.page)
  await assertFits(giver.page)
  await look(giver, 'statement')
  const year = new Date(Date.now() + 8 * 3600_000).getUTCFullYear()
  const answer = await fetched(giver, `/api/v1/me/statements/${year}/statement.pdf`)
  assert.equal(answer.headers()['content-type'], 'application/pdf')
  await giver.press(/^收据 \S+-2/)
  await giver.sees('捐赠收据')
})

told('no page asked another host, and none had an error but those that were meant', async () => {
  const meant = /status of (401|404|410)/ // Before the first session, a wrong code, a receipt that is not wanted.
  for (const phone of [giver, neighbour]) assertQuiet({ ...phone, errors: phone.errors.filter((error) => !meant.test(error)) })
})
