/** What people do again and again: give, log in. */
import { PASSWORD } from './desk-api.mjs'

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

/** Log in through the page. */
export async function logIn(phone, login) {
  await phone.go('/desk/login')
  await phone.write('账号', login)
  await phone.write('密码', PASSWORD)
  await phone.press(/^登录$/)
  await phone.sees('退出登录')
}
