/** What a village's network has to carry before the first page stands, and what Lighthouse says of its accessibility. */
import assert from 'node:assert/strict'
import { after } from 'node:test'
import { begin, startBrowser, takePhone, told } from './browser.mjs'
import { examine } from './lighthouse.mjs'
import { VILLAGE } from './places.mjs'
import { startWorld } from './world.mjs'

const JS_MOST = 90_000
const CSS_MOST = 10_000
let world, browser, project

begin(async () => {
  world = await startWorld()
  browser = await startBrowser()
  const { projects } = await world.get(`/villages/${VILLAGE}`)
  project = projects.find((one) => one.title === '众心村老年助餐点').code
})
after(async () => {
  await browser?.close()
  await world?.stop()
})

/** The bytes that came over the wire, compressed, with their headers, by kind. */
async function weigh(place, sees) {
  const phone = await takePhone(browser, world)
  const line = await phone.context.newCDPSession(phone.page)
  const kinds = new Map()
  const bytes = { Script: 0, Stylesheet: 0 }
  line.on('Network.responseReceived', ({ requestId, type }) => kinds.set(requestId, type))
  line.on('Network.loadingFinished', ({ requestId, encodedDataLength }) => {
    const kind = kinds.get(requestId)
    if (kind in bytes) bytes[kind] += encodedDataLength
  })
  await line.send('Network.enable')
  await phone.page.goto(place, { waitUntil: 'networkidle' })
  await phone.sees(sees)
  await phone.context.close()
  return bytes
}

for (const [name, place, sees] of [
  ['home', () => '/', '已开通互助基金的村'],
  ['a project', () => `/project?code=${project}`, '我要捐款'],
  ['giving', () => `/give?code=${project}`, '下一步'],
]) {
  told(`${name} opens with at most 90 KB of script and 10 KB of style`, async (context) => {
    const { Script, Stylesheet } = await weigh(place(), sees)
    context.diagnostic(`script ${Script} B, style ${Stylesheet} B`)
    assert.ok(Script > 10_000 && Script <= JS_MOST, `${Script} B of script`)
    assert.ok(Stylesheet > 1_000 && Stylesheet <= CSS_MOST, `${Stylesheet} B of style`)
  })
}

told('Lighthouse gives the project page and the giving page 100 for accessibility', async () => {
  for (const place of [`/project?code=${project}`, `/give?code=${project}`]) {
    const { scores, failed } = await examine(world.url + place, ['accessibility'])
    assert.deepEqual({ place, ...scores, failed }, { place, accessibility: 100, failed: [] })
  }
})
