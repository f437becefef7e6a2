/** The data folder in which every test file's world begins: told once for the same code on the same day, then copied. */
import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import fs from 'node:fs'
import path from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

export const HERE = path.dirname(fileURLToPath(import.meta.url))
export const HOUSE = path.resolve(HERE, '../..')
export const OUT = path.join(HERE, 'out')
export const PYTHON = process.env.PYTHON ?? path.join(HOUSE, '.venv/bin/python')
const TELLERS = ['backend', 'miniapp-api/miniapp_api', 'qr', 'tests/client/prepare.py']
const PATIENCE_MS = 180_000

/** Run a program to its end; its own words stand in the error when it fails. */
export async function run(program, words, { env, input } = {}) {
  const running = promisify(execFile)(program, words, { cwd: HOUSE, env, encoding: 'utf8', maxBuffer: 1 << 26 })
  if (input) running.child.stdin.end(input)
  return (await running).stdout
}

/** Every setting by name, so that neither the shell nor a `.env` of the house has a say in a test. */
export function settings(folder, port) {
  const url = `http://127.0.0.1:${port}`
  const own = {
    APP_ENV: 'development', DATA_DIR: folder, DATABASE_URL: '', DEMO: '1', HOST: '127.0.0.1', PAYMENT_PROVIDER: 'sandbox',
    PORT: String(port), PUBLIC_URL: url, PYTHONPATH: `${HOUSE}:${HOUSE}/miniapp-api`, PYTHONUNBUFFERED: '1', PYTHONUTF8: '1',
    SECRET_KEY: '',
  }
  return { ...process.env, ...own }
}

function* pythonFiles(place) {
  if (place.endsWith('.py')) yield place
  else if (fs.statSync(place).isDirectory()) {
    for (const name of fs.readdirSync(place).sort()) if (name !== '__pycache__') yield* pythonFiles(path.join(place, name))
  }
}

/** The story holds for these sources and this day in the village. */
function nameOfStory() {
  const told = createHash('sha256').update(new Date(Date.now() + 8 * 3600_000).toISOString().slice(0, 10))
  for (const place of TELLERS) for (const file of pythonFiles(path.join(HOUSE, place))) told.update(file).update(fs.readFileSync(file))
  return told.digest('hex').slice(0, 16)
}

async function tell(folder) {
  for (const old of fs.readdirSync(path.dirname(folder))) {
    if (!old.startsWith(path.basename(folder))) fs.rmSync(path.join(path.dirname(folder), old), { recursive: true, force: true })
  }
  const draft = fs.mkdtempSync(`${folder}.draft-`)
  await run(PYTHON, [path.join(HERE, 'prepare.py')], { env: settings(draft, 8000) })
  fs.renameSync(draft, folder)
}

/** Of several test files that begin at once, one tells the story and the others wait for it. */
async function story() {
  const folder = path.join(OUT, 'story', nameOfStory())
  const lock = `${folder}.lock`
  fs.mkdirSync(path.dirname(folder), { recursive: true })
  for (const until = Date.now() + PATIENCE_MS; !fs.existsSync(folder); await pause(200)) {
    try {
      fs.mkdirSync(lock)
    } catch {
      const isLeftOver = Date.now() - (fs.statSync(lock, { throwIfNoEntry: false })?.mtimeMs ?? Date.now()) > PATIENCE_MS
      if (isLeftOver) fs.rmSync(lock, { recursive: true, force: true })
      if (Date.now() > until) throw new Error(`the story was not told within ${PATIENCE_MS / 1000} s: see ${OUT}`)
      continue
    }
    try {
      if (!fs.existsSync(folder)) await tell(folder)
    } finally {
      fs.rmSync(lock, { recursive: true, force: true })
    }
  }
  return folder
}

/** A fresh data folder of one's own, with the past of two villages in it; in a database of one's own it is told anew. */
export async function freshData(DATABASE_URL) {
  if (DATABASE_URL) {
    fs.mkdirSync(OUT, { recursive: true })
    const beside = fs.mkdtempSync(path.join(OUT, 'world-'))
    await run(PYTHON, [path.join(HERE, 'prepare.py')], { env: { ...settings(beside, 8000), DATABASE_URL } })
    return beside
  }
  const from = await story()
  const folder = fs.mkdtempSync(path.join(OUT, 'world-'))
  fs.cpSync(from, folder, { recursive: true })
  return folder
}
