/** The story in the sandbox: its own page takes the money, its notice goes through the outbox. */
import { after } from 'node:test'
import { startBrowser, takePhone } from './browser.mjs'
import { playedOn } from './the-story.mjs'
import { startWorld } from './world.mjs'

const stage = {
  takePhone: () => takePhone(stage.browser, stage.world),
  async scans(phone, address) {
    await phone.go(address)
    return address
  },
  async pays(phone, yuan) {
    await phone.press('去付款')
    await phone.sees('沙箱·演示支付')
    await phone.sees(`¥${yuan}`)
    await phone.press('支付（演示）')
    await phone.sees(/^正在确认|已到账/)
  },
}

playedOn(async () => {
  stage.world = await startWorld()
  stage.browser = await startBrowser()
  return stage
})
after(async () => {
  await stage.browser?.close()
  await stage.world?.stop()
})
