/** Who cannot touch a screen gives all the same: with Tab, arrows, Enter and Space. */
import assert from 'node:assert/strict'
import { after } from 'node:test'
import { begin, startBrowser, takePhone, told } from './browser.mjs'
import { VILLAGE } from './places.mjs'
import { startWorld } from './world.mjs'

const STEPS_MAX = 80
// The framework tells what was typed a tenth of a second later: these hands are quick, but they are hands.
const KEY_MS = 120
let world, browser, phone, page

begin(async () => {
  world = await startWorld()
  browser = await startBrowser()
  phone = await takePhone(browser, world)
  page = phone.page
})
after(async () => {
  await browser?.close()
  await world?.stop()
})

/** What a screen reader would call the place where the keys go now. */
function focused() {
  return page.evaluate(() => {
    const here = document.activeElement
    return here?.getAttribute('aria-label') ?? here?.textContent?.trim() ?? ''
  })
}

/** Tab on until the place of this name is reached; it shows where it is. */
async function tabTo(name) {
  const passed = []
  for (let step = 0; step < STEPS_MAX; step += 1) {
    await page.keyboard.press('Tab')
    const here = await focused()
    if (here.startsWith(name)) return
    passed.push(here.slice(0, 20))
  }
  assert.fail(`no key leads to ${name}; passed: ${passed.join(', ')}`)
}

/** The page moves the focus itself, with the next picture that it draws. */
async function assertFocusComesTo(name) {
  for (let look = 0; look < 20 && (await focused()) !== name; look += 1) await page.waitForTimeout(50)
  assert.equal(await focused(), name)
}

async function assertFocusShows() {
  const ring = await page.evaluate(() => {
    const look = getComputedStyle(document.activeElement)
    return look.outlineStyle !== 'none' && parseFloat(look.outlineWidth) > 0
  })
  assert.ok(ring, `no ring around ${await focused()}`)
}

told('a gift is given with the keyboard alone', async () => {
  const { projects } = await world.get(`/villages/${VILLAGE}`)
  const { code } = projects.find((project) => project.title === '众心村老年助餐点')
  await phone.go(`/project?code=${code}`)
  await phone.sees('我要捐款')
  await tabTo('我要捐款')
  await assertFocusShows()
  await page.keyboard.press('Enter')
  await phone.sees('捐多少（元）')
  await tabTo('10')
  await assertFocusShows()
  await page.keyboard.press('Space')
  await page.keyboard.press('ArrowRight')
  await assertFocusComesTo('20')
  await tabTo('匿名')
  await page.keyboard.press('ArrowRight')
  await assertFocusComesTo('昵称')
  await tabTo('您的称呼')
  await page.keyboard.type('键盘上的小周', { delay: KEY_MS })
  await tabTo('不公开金额')
  await page.keyboard.press('Space')
  await tabTo('下一步')
  await page.keyboard.press('Enter')
  await phone.sees('键盘上的小周（金额不公开）')
  await tabTo('去付款')
  await page.keyboard.press('Space')
  await phone.sees('沙箱·演示支付')
  await tabTo('支付（演示）')
  await assertFocusShows()
  await page.keyboard.press('Enter')
  await phone.sees('已到账，谢谢您！', { timeout: 30_000 })
})

told('a new page begins at its title, and Tab never gets lost behind it', async () => {
  await tabTo('回到项目')
  await page.keyboard.press('Enter')
  await phone.sees('我要捐款')
  await assertFocusComesTo('公益项目')
  await tabTo('看账本')
  const inSight = await page.evaluate(() => document.activeElement.checkVisibility())
  assert.ok(inSight)
})
