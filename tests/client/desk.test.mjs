/** A cadre's day at the desk, on a phone: publish, hang a poster, be paid out by two, spend, report, and meet the volunteers. */
import assert from 'node:assert/strict'
import { after } from 'node:test'
import { assertQuiet, begin, startBrowser, takePhone, told } from './browser.mjs'
import { logIn } from './deeds.mjs'
import { cameraPhoto } from './photo.mjs'
import { VILLAGE } from './places.mjs'
import { decode, startWorld } from './world.mjs'

const PROJECT = '村口水渠护栏'
const PAID_OUT = '众心村老年助餐点'
let world, browser, cadre, payer, checker, volunteer, villager, meals
let activity = ''

begin(async () => {
  world = await startWorld()
  browser = await startBrowser()
  cadre = await takePhone(browser, world)
  villager = await takePhone(browser, world)
  const { projects } = await world.get(`/villages/${VILLAGE}`)
  meals = projects.find((project) => project.title === PAID_OUT).code
})
after(async () => {
  await browser?.close()
  await world?.stop()
})

/** Today in the village, moved by whole days. */
function day(step = 0) {
  return new Date(Date.now() + 8 * 3600_000 + step * 86_400_000).toISOString().slice(0, 10)
}

async function fill(phone, fields) {
  for (const [name, value] of Object.entries(fields)) await phone.write(name, value)
}

/** A photo as a camera makes it, taken through the field of this name. */
async function photograph(phone, name) {
  const [chooser] = await Promise.all([phone.page.waitForEvent('filechooser'), phone.press(`${name}：拍照或选照片`)])
  await chooser.setFiles({ name: 'DSC_0001.jpg', mimeType: 'image/jpeg', buffer: await cameraPhoto(villager.page) })
  await phone.sees('✓ 照片已传好')
}

told('a cadre logs in, and a wrong password is told from the right one', async () => {
  await cadre.go('/desk/login')
  await fill(cadre, { 账号: 'cun1', 密码: 'not-the-password' })
  await cadre.press(/^登录$/)
  await cadre.sees('账号或密码不正确。')
  await logIn(cadre, 'cun1')
  await cadre.sees('村级经办 · 众心村')
})

told('a project is published from the form, step by step, and stands in public', async () => {
  await cadre.follow('发布项目')
  await cadre.choose('村里公共设施')
  await fill(cadre, { 项目名称: PROJECT, 项目简介: '给村口一段水渠装上护栏，孩子上学不怕滑下去。' })
  await cadre.press('下一步：村里情况')
  await fill(cadre, { 村社基本情况: '众心村有 612 户，稻麦两季。', '为什么要做、怎么做': '水渠边没有护栏，去年两个孩子滑下去过。' })
  await cadre.press('下一步：村民决定')
  const decision = { 到会多少人: '43', 赞成多少人: '41', 村社民主决策情况: '村部开会，举手表决。', 哪天开的会: day(-7) }
  await fill(cadre, decision)
  await cadre.press('下一步：钱和时间')
  await fill(cadre, { '善款募集目标（元）': '48000', 从哪天开始: day(), '第 1 项：做什么用': '护栏 120 米' })
  await cadre.choose('90 天')
  await cadre.press('填上剩下的 ¥48,000')
  await cadre.sees('正好等于目标')
  await cadre.press('下一步：谁负责')
  await fill(cadre, { 负责人姓名: '张主任', 联系电话: '13800001234', 募捐方案备案号: '演示-备案-20260001' })
  await cadre.choose('演示慈善总会（演示数据，非真实组织）')
  await cadre.press('下一步：核对并发布')
  await cadre.page.getByRole('checkbox', { name: '我承诺以上内容真实' }).click()
  await cadre.press('发布项目')
  await cadre.sees('已经发布')
  await villager.finds(`/village?code=${VILLAGE}`, PROJECT)
  await villager.follow(PROJECT)
  await villager.sees('138****1234')
  await villager.sees('目标 ¥48,000')
})

told('its poster is made for one place and leads to it', async () => {
  await cadre.press('做海报')
  await cadre.write('贴在哪里', '村口小卖部')
  await cadre.press('做一张海报')
  await cadre.sees('做好了，在下面的列表里')
  await cadre.press('看海报：村口小卖部')
  const picture = cadre.page.getByRole('img', { name: '贴在村口小卖部的海报' })
  await picture.waitFor()
  const drawn = await cadre.page.request.get(await picture.getAttribute('src'))
  const [address] = await decode(await drawn.body())
  await villager.go(address)
  await villager.sees(PROJECT)
})

told('money goes to the village only when two people of the nation’s desk say so', async () => {
  payer = await takePhone(browser, world)
  checker = await takePhone(browser, world)
  await logIn(payer, 'guojia1')
  await payer.follow('拨付到村')
  const proposes = async (yuan) => {
    await payer.press('提出拨付')
    await payer.page.getByRole('radio', { name: PAID_OUT }).click()
    await payer.write('拨付多少（元）', yuan)
    await payer.press('提出，请同事批准')
    await payer.sees('等待批准')
    await payer.sees('这是您提出的，要请另一位同事用自己的账号来批准')
  }
  await proposes('345.67')
  await payer.press(/^撤回.*345\.67/)
  await payer.press('确定撤回 ¥345.67')
  await payer.sees('已终止，没有动钱')
  await proposes('12345.67')
  const before = (await world.get(`/projects/${meals}`)).figures
  await logIn(checker, 'guojia2')
  await checker.follow('拨付到村')
  await checker.press(/^批准.*12,345\.67/)
  await checker.press('确定拨付 ¥12,345.67')
  await checker.shown('等待批准').waitFor({ state: 'hidden' })
  const { figures } = await world.get(`/projects/${meals}`)
  assert.deepEqual(
    [figures.with_nation_fen, figures.with_village_fen],
    [before.with_nation_fen - 1234567, before.with_village_fen + 1234567],
  )
})

told('what was bought is public at once, with its voucher, and nothing of the camera on it', async () => {
  await cadre.go(`/desk/spending?code=${meals}`)
  await photograph(cadre, '票据照片')
  await fill(cadre, { '买了什么、付给谁做什么': '十一月食材', '金额（元）': '8888.80' })
  await cadre.press('登记并公开')
  await cadre.sees('已登记 ¥8,888.80')
  await villager.finds(`/project?code=${meals}`, /十一月食材/)
  const { items } = await world.get(`/projects/${meals}/spending`)
  const voucher = await (await fetch(world.url + items[0].voucher_url)).arrayBuffer()
  assert.ok(Buffer.from(voucher).subarray(0, 2).equals(Buffer.from([0xff, 0xd8])))
  assert.ok(!Buffer.from(voucher).includes('SECRETPHONE'))
})

told('more than the village holds cannot be spent', async () => {
  await cadre.press('再记一笔')
  await cadre.write('金额（元）', '4999999')
  await cadre.press('登记并公开')
  await cadre.sees('超过了村里账户现有的钱')
})

told('progress is posted with a photo and read by everybody', async () => {
  await cadre.go(`/desk/progress?code=${meals}`)
  await cadre.write('进展怎么样了', '今天 31 位老人吃上了热汤面。')
  await photograph(cadre, '照片（可以不放）')
  await cadre.press(/^发布$/)
  await cadre.sees('已经发布')
  await villager.finds(`/project?code=${meals}`, '今天 31 位老人吃上了热汤面。')
})

told('an activity is opened, and a volunteer signs up for it', async () => {
  await cadre.go('/desk/activity-new')
  const form = { 活动名称: '水渠清淤', 在哪里集合: '村口老槐树下', 需要多少人: '20', 服务谁: '全体村民', '做什么、要注意什么': '请带手套。' }
  await fill(cadre, { ...form, 负责人姓名: '陈队长', 哪一天: day(), 几点开始: '00:00', 几点结束: '23:59' })
  await cadre.press('发布活动')
  await cadre.sees('活动已发布')
  await cadre.press('看这个活动')
  await cadre.sees('签到、签退码')
  activity = new URL(cadre.page.url()).searchParams.get('code')
  volunteer = await takePhone(browser, world)
  await volunteer.go(`/activity?code=${activity}`)
  await volunteer.write('您的姓名', '李小梅')
  await volunteer.press('我要报名')
  await volunteer.sees('您已报名')
})

/** The digits that stand on the cadre's screen now. */
async function digits() {
  const shown = await cadre.page.locator('.big-code').filter({ visible: true }).innerText()
  return shown.replace(/\s/g, '')
}

told('she checks in with the digits at the desk and out again, and the minutes are hers', async () => {
  await volunteer.write('6 位数字', '000000')
  await volunteer.press(/^签到$/)
  await volunteer.sees(/已经换了|不对/)
  await volunteer.write('6 位数字', await digits())
  await volunteer.press(/^签到$/)
  await volunteer.sees('您已签到，结束时别忘了签退')
  const [address] = await decode(await cadre.page.getByRole('img', { name: '签到二维码' }).screenshot())
  await volunteer.go(address)
  await volunteer.press(/^签退$/)
  await volunteer.sees('您的服务时间已记录')
  await volunteer.go('/hours')
  await volunteer.sees('水渠清淤')
  await volunteer.sees('已记录')
  await cadre.finds(`/desk/activity?code=${activity}`, '报名 1 人，已到 1 人')
  await cadre.sees('李*')
})

told('a cadre of another village finds nothing here', async () => {
  const other = await takePhone(browser, world)
  await logIn(other, 'cun2')
  assert.equal(await other.shown(PAID_OUT).count(), 0)
  await other.go(`/desk/posters?code=${meals}`)
  await other.sees('没有找到')
})

told('nothing went to another host, and the books are in order', async () => {
  const refused = /status of (401|403|404|409|422)/
  for (const phone of [cadre, payer, checker, volunteer, villager]) {
    phone.errors = phone.errors.filter((line) => !refused.test(line))
    assertQuiet(phone)
  }
  assert.match(await world.flask('verify'), /账本核对无误/)
})
