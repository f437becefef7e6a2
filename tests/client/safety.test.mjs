/** The safety of an account at the desk: a second factor set up on a phone, used, lost and taken off; devices sent away. */
import assert from 'node:assert/strict'
import { createHmac } from 'node:crypto'
import { after } from 'node:test'
import { assertQuiet, begin, startBrowser, takePhone, told } from './browser.mjs'
import { logIn } from './deeds.mjs'
import { PASSWORD } from './desk-api.mjs'
import { assertAccessible, assertFits } from './look.mjs'
import { startWorld } from './world.mjs'

const STEP_MS = 30_000
const NEW_PASSWORD = 'three wells beside the road'
let world, browser, phone, other
let secret = ''
let recovery = []
let lastStep = 0

begin(async () => {
  world = await startWorld()
  browser = await startBrowser()
  phone = await takePhone(browser, world)
  other = await takePhone(browser, world)
})
after(async () => {
  await browser?.close()
  await world?.stop()
})

function fromBase32(text) {
  const bits = [...text].map((letter) => 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'.indexOf(letter).toString(2).padStart(5, '0')).join('')
  return Buffer.from(bits.match(/.{8}/g).map((byte) => Number.parseInt(byte, 2)))
}

/** What an authenticator shows (RFC 6238): each code is used once, so the next step is waited for. */
async function nextCode() {
  while (Math.floor(Date.now() / STEP_MS) <= lastStep) await phone.page.waitForTimeout(500)
  lastStep = Math.floor(Date.now() / STEP_MS)
  const counter = Buffer.alloc(8)
  counter.writeBigUInt64BE(BigInt(lastStep))
  const mac = createHmac('sha1', fromBase32(secret)).update(counter).digest()
  const at = mac[19] & 15
  return String((mac.readUInt32BE(at) & 0x7fffffff) % 1_000_000).padStart(6, '0')
}

async function enters(who, code) {
  await who.go('/desk/login')
  await who.write('账号', 'guojia1')
  await who.write('密码', PASSWORD)
  await who.press(/^登录$/)
  await who.sees('打开手机上的验证器')
  await who.write('动态口令', code)
  await who.press(/^登录$/)
}

told('a second factor is scanned, tried once, and written down for a bad day', async () => {
  await logIn(phone, 'guojia1')
  await phone.follow('账号安全')
  await phone.press('开始设置')
  await phone.sees('用它扫这个码')
  await assertFits(phone.page)
  await assertAccessible(phone.page)
  secret = (await phone.page.locator('.code-line').first().innerText()).trim()
  await phone.write('6 位数字', '000000')
  await phone.press('确认启用')
  await phone.sees('口令不对')
  await phone.write('6 位数字', await nextCode())
  await phone.press('确认启用')
  await phone.sees('请抄下这 10 个备用码')
  recovery = (await phone.page.locator('.code-line').allInnerTexts()).map((one) => one.trim())
  assert.equal(new Set(recovery).size, 10)
  await assertFits(phone.page)
  await phone.press('我抄好了')
  await phone.sees('备用码还剩 10 个')
})

told('another phone gets in with the code, and not with a used one', async () => {
  await enters(other, 'ABCD-EFGH')
  await other.sees('动态口令不正确')
  await other.write('动态口令', await nextCode())
  await other.press(/^登录$/)
  await other.sees('退出登录')
})

told('one sees the other device, and sends it away', async () => {
  await phone.go('/desk/safety')
  await phone.sees('这台设备')
  await phone.press(/^退出.*电脑|^退出.*手机/)
  await phone.page.getByText('退出这台设备').waitFor({ state: 'detached' })
  await other.go('/desk')
  await other.sees('工作台给村干部')
})

told('a weak password is refused in words, a good one is taken', async () => {
  await phone.write('现在的密码', PASSWORD)
  await phone.write('新密码（至少 10 个字符）', '1234567890')
  await phone.write('动态口令', recovery[0])
  await phone.press(/^修改$/)
  await phone.sees('这个密码太容易被猜到')
  await phone.write('新密码（至少 10 个字符）', NEW_PASSWORD)
  await phone.write('动态口令', recovery[0])
  await phone.press(/^修改$/)
  await phone.sees('密码已修改')
})

told('for a new phone it is taken off, with the password and a written code', async () => {
  await phone.press('停用（换手机时用）')
  const card = phone.page.locator('.card', { hasText: '换好手机后' })
  await card.getByLabel('现在的密码').fill(NEW_PASSWORD)
  await card.getByLabel('动态口令').fill(recovery[1])
  await card.getByRole('button', { name: '停用（换手机时用）' }).click()
  await phone.sees('开始设置')
})

told('nothing went wrong behind the pages', () => {
  const refused = /status of (401|422)/
  for (const one of [phone, other]) {
    one.errors = one.errors.filter((line) => !refused.test(line))
    assertQuiet(one)
  }
})
