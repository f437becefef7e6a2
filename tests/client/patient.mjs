/** People on a line that breaks: who is told that it did not work tries again, as the page says, and does nothing cleverer. */
import { setTimeout as pause } from 'node:timers/promises'

const FOR_MS = 90_000
const LOOK_MS = 300
const BLANK_MS = 6_000
const AGAIN = '再试一次'
const UNREACHED = /连不上服务器|我们这边出了点问题|等得太久了|正在准备付款/

/** The same phone in patient hands. `phone.troubles` notes each time that somebody had to try again, and how. */
export function patient(phone) {
  const { page } = phone
  const hands = { phone, page, last: '', blankSince: 0 }
  phone.troubles = []
  const once = (locator) => locator.filter({ visible: true }).first()
  const when = (locator, timeout) => waits(hands, () => once(locator).isVisible(), String(locator), timeout)
  const to = (locator) => async (act) => {
    await when(locator)
    await act(once(locator))
  }
  return Object.assign(phone, {
    go: (place) => opens(hands, place),
    sees: (words, { timeout } = {}) => when(page.getByText(words), timeout),
    until: (isSo, said, timeout) => waits(hands, isSo, said, timeout),
    press(name) {
      hands.last = name
      return to(page.getByRole('button', { name }))((found) => found.click())
    },
    follow: (name) => to(page.getByRole('link', { name }))((found) => found.click()),
    choose: (name) => to(page.getByRole('radio', { name, exact: true }))((found) => found.click()),
    async finds(place, words) {
      // What took long behind the page is there when somebody opens it again, for as long as patience lasts.
      for (const until = Date.now() + FOR_MS; Date.now() < until; ) {
        await opens(hands, place)
        if (await waits(hands, () => once(page.getByText(words)).isVisible(), words, 4000).catch(() => false)) return
      }
      await when(page.getByText(words), 0)
    },
  })
}

/** Open a page, again and again while nobody answers. */
async function opens(hands, place) {
  for (const until = Date.now() + FOR_MS; ; await pause(LOOK_MS)) {
    try {
      return await hands.page.goto(place, { waitUntil: 'load' })
    } catch (thrown) {
      if (!/net::ERR_|interrupted/.test(thrown.message) || Date.now() > until) throw thrown
      hands.phone.troubles.push(`opened again: ${/net::\S+/.exec(thrown.message)?.[0]}`)
    }
  }
}

/** Wait until it is so, and do what a person does meanwhile when the page says that something went wrong. */
async function waits(hands, isSo, said, timeout = FOR_MS) {
  hands.blankSince = 0
  for (const until = Date.now() + Math.max(timeout, 1); ; await pause(LOOK_MS)) {
    // A page that is just being left answers nothing: it is looked at again.
    if (await Promise.resolve(isSo()).catch(() => false)) return true
    if (Date.now() > until) throw new Error(`never seen: ${said}; tried again: ${hands.phone.troubles.join('; ') || 'never'}`)
    await triesAgain(hands).catch(() => undefined)
  }
}

async function triesAgain(hands) {
  const { page, phone } = hands
  if (page.url().startsWith('chrome-error:') || (await isBlank(hands))) {
    phone.troubles.push(`reloaded ${page.url().slice(0, 60)}`)
    hands.blankSince = 0
    await page.reload()
    return
  }
  const again = page.getByRole('button', { name: AGAIN }).filter({ visible: true }).first()
  if (await again.isVisible()) {
    phone.troubles.push(AGAIN)
    await again.click({ timeout: 1000 })
  } else if (hands.last && (await page.getByRole('alert').filter({ visible: true, hasText: UNREACHED }).count())) {
    phone.troubles.push(`pressed again: ${hands.last}`)
    await page.getByRole('button', { name: hands.last }).filter({ visible: true }).first().click({ timeout: 1000 })
  }
}

/** A page that stays white: a script of it was lost on the way. */
async function isBlank(hands) {
  const text = (await hands.page.locator('body').innerText({ timeout: 1000 })).trim()
  if (text) hands.blankSince = 0
  else hands.blankSince ||= Date.now()
  return hands.blankSince > 0 && Date.now() - hands.blankSince > BLANK_MS
}
