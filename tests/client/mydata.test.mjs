/** 我的信息: who gave under his name sees it, corrects it, takes it back, and has himself forgotten. */
import assert from 'node:assert/strict'
import { after } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import { assertQuiet, begin, startBrowser, takePhone, told } from './browser.mjs'
import { logIn } from './deeds.mjs'
import { assertAccessible, assertFits } from './look.mjs'
import { VILLAGE } from './places.mjs'
import { startWorld } from './world.mjs'

let world, browser, phone, meals

begin(async () => {
  world = await startWorld()
  browser = await startBrowser()
  const { projects } = await world.get(`/villages/${VILLAGE}`)
  meals = projects.find((project) => project.title === '众心村老年助餐点').code
  phone = await takePhone(browser, world)
})
after(async () => {
  await browser?.close()
  await world?.stop()
})

/** Everybody's list of givers, once it has the name or has it no more: a public answer is shared for a second. */
async function listed(name, wanted) {
  for (let tries = 0; tries < 25; tries += 1) {
    const { items } = await world.get(`/projects/${meals}/gifts`)
    if (items.some((line) => line.name === name) === wanted) return
    await pause(200)
  }
  assert.fail(`${name} is ${wanted ? 'not ' : ''}on the list`)
}

async function look() {
  await assertAccessible(phone.page)
  await assertFits(phone.page)
}

told('who is asked for a name is told that everybody will see it', async () => {
  await phone.go(`/give?code=${meals}`)
  await phone.choose('50')
  await phone.choose('实名')
  await phone.sees('这个名字会公开在捐赠名单上')
  await phone.write('您的姓名', '张三丰')
  await phone.press('下一步')
  await phone.press('去付款')
  await phone.press('支付（演示）')
  await phone.sees('已到账，谢谢您！', { timeout: 30_000 })
  await listed('张三丰', true)
})

told('he sees what is held of him, what for, and corrects it', async () => {
  phone.errors.length = 0
  await phone.go('/me')
  await phone.follow('我的信息')
  await phone.sees('捐赠署名')
  await phone.sees('张三丰')
  await phone.sees('公开展示您写的名字')
  await look()
  await phone.press('更正捐赠署名：张三丰')
  await phone.write('捐赠署名', '张三')
  await phone.press('保存')
  await phone.button('更正捐赠署名：张三').waitFor()
  await listed('张三', true)
})

told('at the desk his name is masked; who opens it says why, and he sees who looked', async () => {
  const { activities } = await world.get(`/villages/${VILLAGE}`)
  await phone.go('/mydata')
  await phone.sees('还没有工作人员看过')
  await phone.go(`/activity?code=${activities[0].code}`)
  await phone.write('您的姓名', '欧阳小明')
  await phone.press('我要报名')
  await phone.sees('您已报名')
  const cadre = await takePhone(browser, world)
  await logIn(cadre, 'cun1')
  await cadre.go(`/desk/activity?code=${activities[0].code}`)
  await cadre.press(/^查看\s*姓名：欧\*$/)
  await cadre.press('查看原文')
  await cadre.sees('至少4个字')
  await cadre.write('为什么要看原文', '核对报名的人')
  await assertAccessible(cadre.page)
  await assertFits(cadre.page)
  assert.ok(!(await cadre.text()).includes('欧阳小明'))
  await cadre.press('查看原文')
  await cadre.sees('欧阳小明')
  await cadre.press('收起')
  await cadre.button(/^查看\s*姓名：欧\*$/).waitFor()
  assert.ok(!(await cadre.text()).includes('欧阳小明'))
  assertQuiet(cadre)
  await cadre.context.close()
  await phone.go('/mydata')
  await phone.sees('原因：核对报名的人')
  await look()
})

told('taken back, the name is gone from the list of givers at once', async () => {
  await phone.press('撤回，名字改为“爱心人士”')
  await phone.sees('已撤回')
  await look()
  await listed('张三', false)
})

told('before he is forgotten he reads what goes and what stays; then nothing of him is left on this phone', async () => {
  await phone.press('删除我的全部信息')
  await phone.sees('删除后不能恢复')
  await look()
  await phone.press('我明白，全部删除')
  await phone.sees('已经全部删除')
  await look()
  assertQuiet(phone)
  assert.equal((await phone.page.request.get('/api/v1/me/gifts')).status(), 401)
})

told('who is under eighteen signs up with a guardian; the leader sees it and reaches him for a reason', async () => {
  const pupil = await takePhone(browser, world)
  const { activities } = await world.get(`/villages/${VILLAGE}`)
  await pupil.go(`/activity?code=${activities[0].code}`)
  await pupil.write('您的姓名', '司马小燕')
  await pupil.page.getByRole('checkbox', { name: '报名的人未满18岁' }).click()
  await pupil.press('我要报名')
  await pupil.sees('请选现在多大')
  await pupil.choose('不满14岁')
  await pupil.write('监护人姓名', '司马大山')
  await pupil.write('监护人手机号', '13812345678')
  await pupil.page.getByRole('checkbox', { name: '我是监护人' }).click()
  await assertAccessible(pupil.page)
  await assertFits(pupil.page)
  await pupil.press('我要报名')
  await pupil.sees('您已报名')
  const cadre = await takePhone(browser, world)
  await logIn(cadre, 'cun1')
  await cadre.go(`/desk/activity?code=${activities[0].code}`)
  await cadre.sees('未成年人（不满14岁）')
  await cadre.press(/^联系监护人\s*司\*$/)
  await cadre.press(/^查看\s*监护人手机号：138\*\*\*\*5678$/)
  await cadre.write('为什么要看原文', '打电话核对')
  await assertAccessible(cadre.page)
  await assertFits(cadre.page)
  await cadre.press('查看原文')
  await cadre.sees('+8613812345678')
  await pupil.go('/mydata')
  await pupil.sees('未满14周岁')
  await pupil.sees('原因：打电话核对')
  await pupil.press('撤回，退出志愿队和还没开始的活动')
  await pupil.sees('已撤回')
  const first = /401 .*\/sign-ups$/ // A phone that nobody knows yet is told so once, begins, and asks again.
  for (const one of [pupil, cadre]) assertQuiet({ ...one, errors: one.errors.filter((error) => !first.test(error)) })
})

told('the text about personal data can be read by everybody', async () => {
  await phone.go('/privacy')
  await phone.sees('第 2 版')
  await phone.sees('我们收集什么')
  await look()
})
