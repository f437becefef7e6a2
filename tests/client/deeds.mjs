/** What people do again and again: give, log in. */
import { PASSWORD } from './desk-api.mjs'
import { VILLAGE } from './places.mjs'

/** Give through the page, from the project to the thank-you page; returns when the money has arrived. */
export async function give(phone, project, yuan) {
  await phone.go(`/give?code=${project}`)
  await phone.write('或者自己填金额（元）', yuan)
  await phone.press('下一步')
  await phone.press('去付款')
  await phone.press('支付（演示）')
  await phone.sees('已到账，谢谢您！', { timeout: 30_000 })
  await phone.sees('打开收据', { timeout: 30_000 })
  return new URL(phone.page.url()).searchParams.get('gift')
}

/** Give, pass on and sign up, so that this phone's own pages have something to show; returns the gift. */
export async function liveInTheVillage(phone, world) {
  const { projects, activities } = await world.get(`/villages/${VILLAGE}`)
  const meals = projects.find((project) => project.title === '众心村老年助餐点').code
  const gift = await give(phone, meals, '19.99')
  await phone.press('生成我的链接和卡片')
  await phone.sees('复制链接')
  await phone.go(`/activity?code=${activities[0].code}`)
  await phone.write('您的姓名', '王小明')
  await phone.press('我要报名')
  await phone.sees('您已报名')
  return gift
}

/** Say what is asked of everybody before he logs in as a person. */
export async function isOfAge(phone) {
  await phone.page.getByRole('checkbox', { name: '我已满14岁' }).click()
}

/** Log in through the page. */
export async function logIn(phone, login) {
  await phone.go('/desk/login')
  await phone.write('账号', login)
  await phone.write('密码', PASSWORD)
  await phone.press(/^登录$/)
  await phone.sees('退出登录')
}
