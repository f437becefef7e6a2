/** Lighthouse on a phone's screen, in a Chromium of its own. As a program: measures the speed of the two main pages. */
import path from 'node:path'
import lighthouse from 'lighthouse'
import { startBrowser } from './browser.mjs'
import { VILLAGE } from './places.mjs'
import { freePort, startWorld } from './world.mjs'

const METRICS = ['first-contentful-paint', 'largest-contentful-paint', 'total-blocking-time', 'cumulative-layout-shift']

/** The scores of a page, 0 to 100, with the audits that did not pass and the times that Lighthouse saw. */
export async function examine(url, categories) {
  const port = await freePort()
  const browser = await startBrowser(`--remote-debugging-port=${port}`)
  try {
    const { lhr } = await lighthouse(url, { port, onlyCategories: categories, output: 'json', logLevel: 'error' })
    const scores = Object.fromEntries(categories.map((name) => [name, Math.round(lhr.categories[name].score * 100)]))
    const weighed = categories.flatMap((name) => lhr.categories[name].auditRefs.filter((audit) => audit.weight > 0))
    const failed = weighed.map((audit) => lhr.audits[audit.id]).filter((audit) => audit.score !== null && audit.score < 1)
    const times = METRICS.filter((id) => lhr.audits[id]).map((id) => `${id} ${lhr.audits[id].displayValue}`)
    return { scores, failed: failed.map((audit) => audit.id), times }
  } finally {
    await browser.close()
  }
}

/** The median of three runs of each page, one line a page. */
async function measure() {
  const world = await startWorld()
  try {
    const { projects } = await world.get(`/villages/${VILLAGE}`)
    const { code } = projects.find((one) => one.state === 'collecting')
    for (const place of ['project', 'give']) {
      const runs = []
      for (let run = 0; run < 3; run += 1) runs.push(await examine(`${world.url}/${place}?code=${code}`, ['performance']))
      const [, middle] = runs.sort((one, other) => one.scores.performance - other.scores.performance)
      console.log(`${place}: ${middle.scores.performance} (${middle.times.join(', ')})`)
    }
  } finally {
    await world.stop()
  }
}

if (path.resolve(process.argv[1] ?? '') === import.meta.filename) await measure()
