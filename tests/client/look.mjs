/** Looking at a page as an examiner: what axe finds in it, and whether it fits the screen. */
import assert from 'node:assert/strict'
import { createRequire } from 'node:module'
import fs from 'node:fs'
import { PHONE } from './browser.mjs'

const AXE = fs.readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')
const RULES = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'best-practice']
const SMALL = 320
const FRAMES_MS = 500

async function violations(page) {
  if (!(await page.evaluate(() => 'axe' in globalThis))) await page.evaluate(AXE)
  return page.evaluate(async (values) => {
    const { violations } = await globalThis.axe.run(document, { runOnly: { type: 'tag', values } })
    return violations.map((one) => `${one.id}: ${one.help}: ${one.nodes.map((node) => node.html.slice(0, 160)).join(' | ')}`)
  }, RULES)
}

/** No violation: each is named with the elements it is about. */
export async function assertAccessible(page) {
  if ((await violations(page)).length === 0) return
  // A picture that arrives at this very moment gets its name with the next frame: what counts is what stays.
  await page.waitForTimeout(FRAMES_MS)
  assert.deepEqual(await violations(page), [])
}

/** Nothing stands out at the side, neither on a usual phone nor on the smallest. */
export async function assertFits(page) {
  const { height } = PHONE
  for (const width of [SMALL, PHONE.width]) {
    await page.setViewportSize({ width, height })
    const [needed, wide] = await page.evaluate(async () => {
      await new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn)))
      const over = [...document.body.querySelectorAll('*')].filter((one) => one.getBoundingClientRect().right > screen.width + 1)
      return [document.documentElement.scrollWidth, over.slice(-3).map((one) => one.outerHTML.slice(0, 120))]
    })
    assert.ok(needed <= width, `needs ${needed} px at ${width} px: ${wide.join(' | ')}`)
  }
}
