/** The real thing, on a port of its own: server, scheduler, the page as built. Started for a test file, ended with it. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import fs from 'node:fs'
import net from 'node:net'
import path from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { persists } from './patience.mjs'
import { freshData, HERE, HOUSE, PYTHON, run, settings } from './prepared.mjs'

const PAGE = path.join(HOUSE, 'miniapp-api/client/dist/build/h5/index.html')
const READY_MS = 60_000
const running = new Set()

/** The whole group: granian's master and its worker, or the scheduler. */
function signal(child, name) {
  try {
    process.kill(-child.pid, name)
  } catch {
    // It is gone already, which is all that was wanted.
  }
}

process.on('exit', () => running.forEach((child) => signal(child, 'SIGKILL')))
for (const name of ['SIGINT', 'SIGTERM']) process.on(name, () => process.exit(1))

export async function freePort() {
  const server = net.createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address()
  server.close()
  await once(server, 'close')
  return port
}

function start(words, env, log) {
  const out = fs.openSync(log, 'a')
  const child = spawn(PYTHON, words, { cwd: HOUSE, env, detached: true, stdio: ['ignore', out, out] })
  fs.closeSync(out)
  running.add(child)
  child.once('exit', () => running.delete(child))
  return child
}

async function end(child, name) {
  if (!running.has(child)) return
  const ended = once(child, 'exit')
  signal(child, name)
  await Promise.race([ended, pause(15_000, null, { ref: false })])
  signal(child, 'SIGKILL')
  if (running.has(child)) await ended
}

class World {
  constructor(folder, port, more, workers) {
    this.folder = folder
    this.port = port
    this.url = `http://127.0.0.1:${port}`
    this.env = { ...settings(folder, port), ...more }
    this.size = workers
    this.app = 'wsgi'
  }

  async serve() {
    const size = ['--workers', String(this.size), '--blocking-threads', '4', '--workers-kill-timeout', '10']
    if (this.size > 1) size.push('--respawn-failed-workers')
    const where = ['--host', '127.0.0.1', '--port', String(this.port)]
    const said = this.size > 1 ? 'info' : 'warning' // Of several it says when each has come up.
    const words = ['-m', 'granian', '--interface', 'wsgi', '--no-ws', '--log-level', said, ...where, ...size, `${this.app}:app`]
    this.server = start(words, this.env, path.join(this.folder, 'server.log'))
    for (const until = Date.now() + READY_MS; ; await pause(100)) {
      if (await fetch(`${this.url}/healthz`).then((answer) => answer.ok, () => false)) return
      if (!running.has(this.server) || Date.now() > until) throw new Error(`the server does not answer:\n${this.log('server')}`)
    }
  }

  schedule(more = {}) {
    const words = ['-m', 'flask', '--app', this.app, 'scheduler', '--lead-seconds', '2']
    this.scheduler = start(words, { ...this.env, ...more }, path.join(this.folder, 'scheduler.log'))
  }

  /** As when the power goes: nothing is told, nothing is finished. */
  async killServer() {
    await end(this.server, 'SIGKILL')
  }

  async endScheduler() {
    await end(this.scheduler, 'SIGTERM')
  }

  async killScheduler() {
    await end(this.scheduler, 'SIGKILL')
  }

  /** The server's own processes, those that have lived longest first. */
  workers() {
    if (!running.has(this.server)) return []
    const { pid } = this.server
    return fs.readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(/\s+/).filter(Boolean).map(Number)
  }

  hasScheduler() {
    return running.has(this.scheduler)
  }

  /** Whether all of them that were started stand: granian says so of each. */
  areUp() {
    const said = fs.readFileSync(path.join(this.folder, 'server.log'), 'utf8')
    const count = (words) => said.split(words).length - 1
    return count('Started worker-') >= count('Spawning worker-') && this.workers().length === this.size
  }

  /** One of them dies, and the server is left to see to it; where it gave up, it is started again, as its watch does. */
  async killWorker() {
    const [oldest] = this.workers()
    if (oldest) process.kill(oldest, 'SIGKILL')
    else await this.serve()
  }

  async endAll() {
    await Promise.all([this.server, this.scheduler].filter(Boolean).map((child) => end(child, 'SIGTERM')))
  }

  /** The night comes: nobody works here, and the clock is so many seconds ahead. An operator confirms it, as after any jump. */
  async sleepsUntil(seconds) {
    await this.endAll()
    this.app = 'tests.client.another_day'
    this.env.MOVED_SECONDS = String(seconds)
    await this.flask('confirm-clock')
  }

  log(name) {
    return fs.readFileSync(path.join(this.folder, `${name}.log`), 'utf8').slice(-4000)
  }

  /** One of the product's own commands; returns what it said. */
  flask(...words) {
    return run(PYTHON, ['-m', 'flask', '--app', this.app, ...words], { env: this.env })
  }

  /** What the interface answers to everybody. */
  async get(place) {
    const answer = await persists(() => fetch(`${this.url}/api/v1${place}`))
    if (!answer.ok) throw new Error(`GET ${place} answered ${answer.status}: ${await answer.text()}`)
    return answer.json()
  }

  async stop() {
    await this.endAll()
    fs.rmSync(this.folder, { recursive: true, force: true })
  }
}

/** Start everything, or end what was started and say what went wrong; `more` are settings of this world's own. */
export async function startWorld(more = {}, { port, workers = 1 } = {}) {
  if (!fs.existsSync(PAGE)) throw new Error(`the H5 page is not built (${PAGE}): run \`make client\``)
  const world = new World(await freshData(more.DATABASE_URL), port ?? (await freePort()), more, workers)
  try {
    await world.serve()
    world.schedule()
    return world
  } catch (thrown) {
    await world.stop()
    throw thrown
  }
}

/** The texts of all codes in a picture, read by a decoder that is not ours. */
export async function decode(picture) {
  return JSON.parse(await run(PYTHON, [path.join(HERE, 'decode.py')], { input: picture }))
}
