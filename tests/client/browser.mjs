/** Phones: a Chromium in which each person has a context of his own, watched for what a page must never do. */
import assert from 'node:assert/strict'
import fs from 'node:fs'
import path from 'node:path'
import { before, test } from 'node:test'
import { chromium } from 'playwright-core'
import { OUT } from './prepared.mjs'

const CHROMIUM = process.env.CHROMIUM || '/usr/bin/chromium'
const FLAGS = [
  '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
  '--disable-component-update', '--disable-sync',
]
const PATIENCE_MS = 15_000
const TEST_MS = 240_000
export const PHONE = { width: 390, height: 844 }
const open = new Set()

export async function startBrowser(...flags) {
  const browser = await chromium.launch({ executablePath: CHROMIUM, headless: true, args: [...FLAGS, ...flags] })
  process.once('exit', () => browser.process?.()?.kill('SIGKILL'))
  return browser
}

/** A person's phone. `foreign` and `errors` gather what should stay empty. */
export async function takePhone(browser, world, { viewport = PHONE, ...more } = {}) {
  const look = { viewport, deviceScaleFactor: 2, isMobile: true, hasTouch: true, locale: 'zh-CN', timezoneId: 'Asia/Shanghai' }
  const context = await browser.newContext({ ...look, baseURL: world.url, ...more })
  context.setDefaultTimeout(PATIENCE_MS)
  const page = await context.newPage()
  const phone = { context, page, foreign: [], errors: [], ...hands(page) }
  context.on('request', (request) => {
    const url = request.url()
    if (!url.startsWith(`${world.url}/`) && !/^(data|blob):/.test(url)) phone.foreign.push(url)
  })
  context.on('console', (message) => {
    if (message.type() === 'error') phone.errors.push(`${message.text()} ${message.location().url}`)
  })
  context.on('weberror', (thrown) => phone.errors.push(String(thrown.error().stack)))
  open.add(phone)
  context.on('close', () => open.delete(phone))
  return phone
}

/** A field's name, alone or with what is wrong with it. */
const fieldCalled = (name) => new RegExp(`^${name.replace(/[.*+?()[\]]/g, '\\$&')}(：|$)`)

/** Find by role and name, or by words, among what is shown: pages further down the stack are not. */
function hands(page) {
  const shown = (words) => page.getByText(words).filter({ visible: true }).first()
  return {
    shown,
    go: (place) => page.goto(place, { waitUntil: 'load' }),
    sees: (words, options) => shown(words).waitFor(options),
    async finds(place, words) {
      // Public answers may be a second old: who looks at once may have to look again.
      for (let look = 0; look < 3; look += 1) {
        await page.goto(place, { waitUntil: 'load' })
        if (await shown(words).waitFor({ timeout: 2000 }).then(() => true, () => false)) return
      }
      await shown(words).waitFor()
    },
    button: (name) => page.getByRole('button', { name }).first(),
    link: (name) => page.getByRole('link', { name }).first(),
    choose: (name) => page.getByRole('radio', { name, exact: true }).click(),
    write: (name, value) => page.locator('input,textarea').and(page.getByLabel(fieldCalled(name))).filter({ visible: true }).fill(value),
    press: (name) => page.getByRole('button', { name }).first().click(),
    follow: (name) => page.getByRole('link', { name }).first().click(),
    text: () => page.locator('body').innerText(),
  }
}

/** What never may happen, whatever the page. */
export function assertQuiet(phone) {
  assert.deepEqual(phone.foreign, [], 'a request went to another host')
  assert.deepEqual(phone.errors, [], 'the console names an error')
}

async function shoot(name) {
  fs.mkdirSync(OUT, { recursive: true })
  let number = 0
  for (const { page } of open) {
    number += 1
    const file = path.join(OUT, `${name.replace(/[^\p{L}\p{N}]+/gu, '-').slice(0, 70)}-${number}.png`)
    await page.screenshot({ path: file }).catch(() => undefined)
  }
}

async function orShoot(name, act) {
  try {
    await act()
  } catch (thrown) {
    await shoot(name)
    throw thrown
  }
}

/** A test that leaves pictures of all open pages behind when it fails. */
export function told(name, act, timeout = TEST_MS) {
  test(name, { timeout }, (context) => orShoot(name, () => act(context)))
}

/** What comes before all tests of a file, and with pictures too. */
export function begin(act, timeout = TEST_MS) {
  before(() => orShoot('before', act), { timeout })
}
