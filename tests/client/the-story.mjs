/**
 * The main job, as people live it: scan, give, share, read the notice, follow its figures; a forged code moves nothing.
 * It is the same story whoever the provider is; a stage says where it is played and how people pay there.
 */
import assert from 'node:assert/strict'
import { assertQuiet, begin, told } from './browser.mjs'
import { atDesk } from './desk-api.mjs'
import { becomes, persists } from './patience.mjs'
import { VILLAGE } from './places.mjs'
import { decode } from './world.mjs'

/** Where a database is told the past anew, it takes a while. */
const OPENS_MS = 600_000
export const PROJECT = '众心村老年助餐点'
let world, stage, cadre, giver, relative
let poster = {}
let shareLink = ''
let notice = ''

/**
 * Say where the story is played: `opens` returns a stage. It has a `world`, takes a phone (`takePhone`), `scans` with it
 * what a poster's code says and returns the short link that it leads to, and `pays` on it: from the last page before
 * paying to the moment when the person has paid. Where somebody must read what people wrote, he `showsWords`. What
 * `quiet` takes out of a phone's errors is no fault there.
 */
export function playedOn(opens) {
  begin(async () => {
    stage = await opens()
    world = stage.world
    cadre = await atDesk(world, 'cun1')
    giver = await stage.takePhone()
  }, OPENS_MS)
}

const ledgerSum = async () => (await world.get(`/villages/${VILLAGE}`)).figures.received_fen

/** A public figure may be a second old in each of the server's processes. */
const sumBecomes = (fen) => becomes(ledgerSum, (seen) => seen === fen)

told('the poster on the wall leads to the project it names', async () => {
  poster = await cadre.poster(PROJECT)
  const [address] = await decode(poster.picture)
  poster.link = await stage.scans(giver, address)
  await giver.sees(PROJECT)
  await giver.sees('演示数据，不是真实捐款')
  assert.match(giver.page.url(), /\/project\?code=\w+&via=\w+/)
})

told('before paying, the giver reads which organisation receives it and what becomes of a surplus', async () => {
  await giver.press('我要捐款')
  await giver.choose('10')
  await giver.choose('昵称')
  await giver.write('您的称呼', '盐城小周')
  await giver.write('留一句话（可以不写）', '老人吃热饭，我放心')
  await giver.press('下一步')
  for (const words of ['演示慈善总会', '演示-公募资格-0000', '演示-备案-00000000', '都转入本村互助基金', '盐城小周']) await giver.sees(words)
})

told('ten yuan, once paid, arrive, and the sum of the village has grown by them', async () => {
  const before = await ledgerSum()
  await stage.pays(giver, '10.00')
  await giver.sees('已到账，谢谢您！', { timeout: 60_000 })
  await sumBecomes(before + 1000)
})

told('the receipt has a number and says that it is for show', async () => {
  await giver.sees('捐赠收据', { timeout: 30_000 })
  await giver.press('打开收据')
  await giver.sees('捐赠收据')
  const receipt = await giver.text()
  assert.match(receipt, /编号：\s*\S+/)
  assert.match(receipt, /演示数据/)
  assert.match(receipt, /壹拾元整/)
  await giver.page.goBack()
})

told('the giver stands in the list, under the chosen name', async () => {
  await stage.showsWords?.()
  await giver.follow('回到项目')
  await giver.sees('我要捐款')
  await giver.finds(giver.page.url(), '盐城小周')
  await giver.sees('“老人吃热饭，我放心”')
})

told('my gifts shows it, on this phone only', async () => {
  await giver.go('/gifts')
  await giver.sees(PROJECT)
  await giver.sees('¥10')
  const stranger = await stage.takePhone()
  await stranger.go('/gifts')
  await stranger.sees('这部手机上还没有捐过款')
  await stranger.context.close()
})

told('the giver passes it on, and a relative opens the link on another phone', async () => {
  await giver.follow(PROJECT)
  await giver.follow(PROJECT)
  await giver.press('转给亲友')
  await giver.press('生成我的链接和卡片')
  const card = giver.page.getByRole('img', { name: /的分享卡片/ })
  await card.waitFor()
  const [address] = await decode(await picture(await card.getAttribute('src')))
  assert.ok((await giver.text()).includes(address), 'the words to send carry the address of the card')
  shareLink = address
  relative = await stage.takePhone()
  await relative.go(shareLink)
  await relative.sees(PROJECT)
})

told('the relative gives without a name, the amount hidden', async () => {
  await relative.press('我要捐款')
  await relative.write('或者自己填金额（元）', '66.66')
  await relative.page.getByRole('checkbox', { name: '不公开金额' }).click()
  await relative.press('下一步')
  await relative.sees('爱心人士（金额不公开）')
  await stage.pays(relative, '66.66')
  await relative.sees('已到账，谢谢您！', { timeout: 60_000 })
  await relative.follow('回到项目')
  await relative.sees('金额不公开')
  await relative.sees(/亲友转来的/)
})

told('the sharer is told of one gift, and not how much it was', async () => {
  await giver.finds('/shares', /带来 1 笔捐款/)
  assert.doesNotMatch(await giver.text(), /66\.66/)
})

told('when the month is over, the notice appears and counts both gifts', async () => {
  const since = await world.get(`/notices?village=${VILLAGE}`)
  const said = await world.flask('publish-due', '--now', firstOfNextMonth())
  assert.match(said, /已发布 [1-9]\d* 份公示/)
  const { items } = await world.get(`/notices?village=${VILLAGE}`)
  assert.ok(items.length > since.items.length)
  await giver.go(`/notices?village=${VILLAGE}`)
  await giver.page.getByRole('link').filter({ hasText: items[0].title }).first().click()
  await giver.sees('期初结余')
  notice = items[0].code
  assert.ok(giver.page.url().endsWith(notice))
})

told('its figure leads to the ledger rows that it is the sum of, the gift among them', async () => {
  const { figures } = await world.get(`/notices/${notice}`)
  const gifts = figures.received.find((line) => line.source === 'gift')
  await giver.follow(`${yuan(gifts.amount_fen)}，看账本里的来源`)
  await giver.sees(`由下面 ${gifts.count} 笔相加`)
  await giver.sees(yuan(gifts.amount_fen))
  const rows = await giver.page.locator('.row .sum').filter({ visible: true }).allInnerTexts()
  assert.equal(rows.length, gifts.count)
  assert.deepEqual(rows.slice(0, 2), ['+¥66.66', '+¥10'])
})

told('the printed notice carries a code that leads back to itself', async () => {
  const address = `${world.url}/n/${notice}`
  await giver.go(address)
  await giver.sees('演示数据')
  const code = await giver.page.getByRole('img', { name: /二维码/ }).screenshot()
  assert.deepEqual(await decode(code), [address])
})

told('a forged code gets a page that says so and moves no money', async () => {
  const before = await ledgerSum()
  const forged = shareLink.replace(/.$/, (last) => (last === 'x' ? 'y' : 'x'))
  const answer = await giver.go(forged)
  assert.equal(answer.status(), 404)
  await giver.sees('这个码不是我们的')
  await giver.sees('没有发生任何付款')
  assert.equal(await ledgerSum(), before)
})

told('a poster that was torn off and stopped takes no money any more', async () => {
  const before = await ledgerSum()
  await giver.go(poster.link)
  await giver.press('我要捐款')
  await giver.choose('20')
  await giver.press('下一步')
  await cadre.stop(poster)
  await giver.press('去付款')
  await giver.sees('这个分享链接已经停用')
  const answer = await giver.go(poster.link)
  assert.equal(answer.status(), 410)
  await giver.sees('这个码已经停用')
  assert.equal(await ledgerSum(), before)
})

told('nothing went to another host, and the books are in order', async () => {
  const own = [404, 410, 401].map((status) => new RegExp(`status of ${status}`))
  for (const phone of [giver, relative]) stage.quiet?.(phone)
  giver.errors = giver.errors.filter((line) => !own.some((status) => status.test(line)))
  relative.errors = relative.errors.filter((line) => !own[2].test(line))
  assertQuiet(giver)
  assertQuiet(relative)
  assert.match(await world.flask('verify'), /账本核对无误/)
})

/** As the page writes an amount: whole yuan without the noughts. */
function yuan(fen) {
  const whole = `¥${Math.floor(fen / 100).toLocaleString('en-US')}`
  return fen % 100 ? `${whole}.${String(fen % 100).padStart(2, '0')}` : whole
}

async function picture(place) {
  const answer = await persists(() => fetch(new URL(place, world.url)))
  return Buffer.from(await answer.arrayBuffer())
}

/** Midnight in the village has just passed, and it is the first of the month. */
function firstOfNextMonth() {
  const here = new Date(Date.now() + 8 * 3600_000)
  const first = new Date(Date.UTC(here.getUTCFullYear(), here.getUTCMonth() + 1, 1)).toISOString().slice(0, 10)
  return `${first}T00:10:00+08:00`
}
