/**
 * The story with real parts: WeChat's simulator takes the money, of its notices every fifth is lost and every fifth told
 * twice, and every few seconds a process of the server dies. In the end no gift is lost and none posted twice, the bill's
 * false lines are found and no other, and the books are in order. REAL_STORY_ROUNDS=20 makes the crowd larger,
 * SEED=n repeats the faults, REAL_STORY_DATABASE=postgresql://… plays it there.
 */
import assert from 'node:assert/strict'
import { after } from 'node:test'
import { assertQuiet, startBrowser, takePhone, told } from './browser.mjs'
import { crowd } from './crowd.mjs'
import { atDesk } from './desk-api.mjs'
import { logIn } from './deeds.mjs'
import { Dice } from './dice.mjs'
import { Killer } from './killing.mjs'
import { becomes } from './patience.mjs'
import { patient } from './patient.mjs'
import { HERE, PYTHON, run } from './prepared.mjs'
import { changes, listed, spoil } from './spoilt-bills.mjs'
import { playedOn, PROJECT } from './the-story.mjs'
import { startSimulator } from './wechat.mjs'
import { freePort, startWorld } from './world.mjs'

const ROUNDS = Number(process.env.REAL_STORY_ROUNDS ?? 1)
const SEED = Number(process.env.SEED ?? (ROUNDS > 1 ? Date.now() % 2 ** 31 : 20261122))
const OTHER_VILLAGE = '220621105206'
const WORKERS = 3
const LOSSES = ['--fault', 'callback.drop=0.2', '--fault', 'callback.dup=0.2']
const BROKEN_OFF = /Failed to load resource|net::ERR_|ERR_CONNECTION|Failed to fetch dynamically imported/
const stage = { phones: [] }
let simulator, browser, killer, dice, others, before, giving, givers
let payer, checker, asker, day

async function persons() {
  const { people } = await simulator.sim('people')
  return people.map((row) => row.nickname)
}

async function opens() {
  console.log(`# SEED=${SEED} REAL_STORY_ROUNDS=${ROUNDS}`)
  dice = new Dice(SEED)
  const port = await freePort()
  const product = `http://127.0.0.1:${port}`
  simulator = await startSimulator('--fresh', '--seed', String(SEED), '--product', product, ...LOSSES)
  const { PUBLIC_URL, PORT, HOST, DATA_DIR, DATABASE_URL, ...wechat } = simulator.env
  const database = process.env.REAL_STORY_DATABASE
  stage.world = await startWorld({ ...wechat, ...(database && { DATABASE_URL: database }) }, { port, workers: WORKERS })
  browser = await startBrowser()
  stage.names = await persons()
  const { projects } = await stage.world.get(`/villages/${OTHER_VILLAGE}`)
  others = projects.find((one) => one.state === 'published' || one.accepts_gifts) ?? projects[0]
  before = (await stage.world.get(`/projects/${others.code}`)).figures
  killer = new Killer(stage.world, dice)
  giving = crowd({ world: stage.world, simulator, dice, project: others.code, people: 5, gifts: 5 * ROUNDS })
  giving.catch(() => undefined) // Whoever awaits it hears of it.
  return stage
}

Object.assign(stage, {
  /** Each phone is another person's; the simulator is WeChat, so going there is going nowhere else. */
  async takePhone() {
    const phone = patient(await takePhone(browser, stage.world))
    phone.person = stage.names[stage.phones.length % stage.names.length]
    stage.phones.push(phone)
    return phone
  },
  /** A poster has the mini-program's round code; who has no mini-program is shown the same link as a page. */
  async scans(phone, address) {
    await phone.go(address)
    await phone.sees('扫到一个小程序码')
    const link = phone.page.getByRole('link', { name: /\/s\// })
    const to = await link.getAttribute('href')
    await link.click()
    return to
  },
  /** WeChat asks once who this is; then its cashier opens. */
  async pays(phone, yuan) {
    const cashier = phone.page.frameLocator('iframe[title="微信支付（模拟）"]')
    await phone.press('去付款')
    const who = phone.page.getByRole('button', { name: phone.person })
    const sum = cashier.getByText(`¥${yuan}`)
    await phone.until(async () => {
      if (await who.isVisible()) await who.click({ timeout: 2000 })
      return sum.isVisible()
    }, `the cashier with ¥${yuan}`)
    await cashier.getByRole('button', { name: '立即支付' }).click()
  },
  /** WeChat judges words of who has the mini-program; all others the desk reads before they are shown. */
  async showsWords() {
    const desk = await atDesk(stage.world, 'guojia1')
    const { items } = await becomes(() => desk.call('GET', '/desk/words'), (seen) => seen.items.length)
    for (const { code, version } of items) await desk.call('POST', `/desk/words/${code}/approval`, { version })
  },
  quiet(phone) {
    phone.errors = phone.errors.filter((line) => !BROKEN_OFF.test(line))
    phone.foreign = phone.foreign.filter((url) => !url.startsWith(`${simulator.url}/`))
  },
})

playedOn(opens)
after(async () => {
  await killer?.end()
  await browser?.close()
  await stage.world?.stop()
  await simulator?.stop()
})

const posted = async () => JSON.parse(await run(PYTHON, [`${HERE}/posted.py`, 'wechat'], { env: stage.world.env }))
const figuresOf = async (code) => (await stage.world.get(`/projects/${code}`)).figures

/** Somebody's money back without a screen: he asks, two at the desk agree. */
async function givesBack(giver, one, other) {
  const { code, fen } = giver.gifts[0]
  const asked = await giver.ask('POST', `/gifts/${code}/refunds`, { amount_fen: fen - 1, reason: '金额写错了' })
  for (const staff of [one, other]) await staff.call('POST', `/desk/refunds/${asked.items[0].code}/approvals`)
}

told('of a crowd that gives, everybody’s money arrives', async () => {
  givers = await giving
  for (const giver of givers) assert.ok(giver.gifts.length, 'somebody gave')
}, ROUNDS * 240_000)

told('one asks for his money back, two at the desk decide, and he sees it returned', async () => {
  asker = await stage.takePhone()
  const meals = await projectCalled(PROJECT)
  await asker.go(`/give?code=${meals}`)
  await asker.until(() => asker.page.getByRole('button', { name: '下一步' }).isVisible(), 'the form')
  await asker.write('或者自己填金额（元）', '88.00')
  await asker.press('下一步')
  await stage.pays(asker, '88.00')
  await asker.sees('已到账，谢谢您！')
  await asker.follow('这笔捐款')
  await asker.press('申请退款')
  await asker.write('退多少（元）', '38.00')
  await asker.write('为什么退款', '多写了')
  await asker.press('提交申请')
  await asker.sees('已提交。')
  ;[payer, checker] = [await stage.takePhone(), await stage.takePhone()]
  await decides(payer, 'guojia1', ['审核通过（第一人）', '确定通过'], '一人已审|等第二人批准')
  await decides(checker, 'guojia2', ['批准退款（第二人）', '确定退 ¥38'], '没有这样的退款|正在发给渠道|渠道正在退')
  await asker.finds(asker.page.url(), '已退回')
})

async function projectCalled(title) {
  const { projects } = await stage.world.get('/villages/320904104209')
  return projects.find((one) => one.title === title).code
}

async function decides(phone, login, steps, then) {
  await entersDesk(phone, login)
  await phone.go('/desk/refunds')
  for (const step of steps) await phone.press(step)
  await phone.sees(new RegExp(then))
}

async function entersDesk(phone, login) {
  await phone.go('/desk/login')
  await phone.until(() => phone.page.getByLabel('账号').isVisible(), 'the fields')
  await logIn(phone, login)
}

told('others are given money back too, and the published figures are the sum of all that', async () => {
  const staff = [await atDesk(stage.world, 'guojia1'), await atDesk(stage.world, 'guojia2')]
  await Promise.all(givers.map((giver) => givesBack(giver, ...staff)))
  const paid = givers.flatMap((giver) => giver.gifts).reduce((sum, gift) => sum + gift.fen, 0)
  const back = givers.reduce((sum, giver) => sum + giver.gifts[0].fen - 1, 0)
  const figures = await becomes(() => figuresOf(others.code), (seen) => seen.refunded_fen === before.refunded_fen + back, { within_ms: 180_000 })
  assert.equal(figures.received_fen, before.received_fen + paid - back)
})

told('no gift is lost, none stands twice: the ledger is what WeChat took and gave back, order by order', async () => {
  const { trades } = await simulator.sim('trades')
  const { refunds } = await simulator.sim('refunds')
  const took = trades.filter((row) => row.paid_at).map((row) => [row.out_trade_no, row.total_fen])
  const gave = refunds.map((row) => [row.out_refund_no, -row.refund_fen])
  const rows = await posted()
  assert.deepEqual(rows.map(([no, , fen]) => [no, fen]).sort(), [...took, ...gave].sort())
  for (const giver of givers) {
    const { items } = await giver.ask('GET', '/me/gifts?limit=100')
    const mine = items.filter((gift) => gift.state === 'paid').map((gift) => gift.code)
    assert.deepEqual(mine.sort(), giver.gifts.map((gift) => gift.code).sort(), 'everybody sees his own')
  }
})

told('it was hard on the way: notices were lost and told twice, and processes died', async () => {
  const { callbacks } = await simulator.sim('callbacks')
  const lost = callbacks.flatMap((event) => event.attempts).filter((one) => one.fault === 'drop').length
  const twice = callbacks.filter((event) => event.attempts.filter((one) => one.status).length > 1).length
  console.log(`# lost ${lost}, twice ${twice}, of ${callbacks.length}; killed ${killer.workers} workers, ${killer.schedulers} schedulers`)
  for (const phone of stage.phones) if (phone.troubles.length) console.log(`# tried again: ${phone.troubles.join('; ')}`)
  assert.ok(lost + twice > 0 && killer.workers > 2)
})

told('the next day a process dies with the bills in its hands, and another one finds what they say', async () => {
  const aims = await spoil(simulator, dice, 1)
  const tomorrow = secondsToTomorrow()
  await killer.spares(async () => {
    await nightFalls(tomorrow)
    stage.world.schedule({ FAILPOINTS: 'reconcile_fetched=exit' })
    await becomes(async () => stage.world.hasScheduler(), (seen) => !seen)
    await nightFalls(tomorrow + 400) // What it had taken in hand is free after five minutes.
    await stage.world.serve()
    stage.world.schedule()
  })
  const desk = await atDesk(stage.world, 'guojia1')
  const { items } = await becomes(() => desk.call('GET', '/desk/reconciliation'), ({ items }) => {
    const ours = items.filter((one) => one.channel === 'wechat')
    return ours.length && ours.every((one) => one.state === 'open' || one.state === 'sealed')
  })
  const open = items.filter((one) => one.channel === 'wechat' && one.state === 'open')
  day = open[0].day
  assert.equal(open.reduce((sum, one) => sum + one.open_count, 0), aims.length)
})

/** Nobody works, and both clocks are so many seconds ahead. */
async function nightFalls(seconds) {
  await simulator.sim('knobs', { 'clock.skew_seconds': seconds })
  await stage.world.sleepsUntil(seconds)
}

function secondsToTomorrow() {
  const here = new Date(Date.now() + 8 * 3600_000)
  const next = Date.UTC(here.getUTCFullYear(), here.getUTCMonth(), here.getUTCDate() + 1, 10, 30)
  return Math.round((next - here.getTime()) / 1000)
}

told('the desk reads each difference by its number, and no other, and works one off', async () => {
  await entersDesk(payer, 'guojia1')
  await payer.go(`/desk/reconciled?channel=wechat&day=${day}`)
  await payer.sees('差异')
  const wanted = await changes(simulator)
  assert.deepEqual(await becomes(() => listed(payer), (seen) => seen.length === wanted.length, { within_ms: 10_000 }), wanted)
  const fee = payer.page.locator('.row', { hasText: '手续费不符' }).filter({ visible: true }).first()
  await fee.getByRole('button', { name: '写明原因，不动钱' }).click()
  await payer.write('原因', '渠道已更正，客服工单已留存')
  await fee.getByRole('button', { name: '写明原因，不动钱' }).click()
  await payer.sees('手续费不符 · 已说明')
})

told('in the end the books are in order, and no page went elsewhere', async () => {
  await killer.end()
  assert.match(await stage.world.flask('verify'), /账本核对无误/)
  for (const phone of [asker, payer, checker]) {
    stage.quiet(phone)
    assertQuiet(phone)
  }
})
