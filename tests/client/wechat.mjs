/** WeChat on this machine: the simulator as a process of its own, and a merchant who signs by node's own RSA. */
import { spawn } from 'node:child_process'
import crypto from 'node:crypto'
import { once } from 'node:events'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { createInterface } from 'node:readline'
import { HOUSE, PYTHON } from './prepared.mjs'

const running = new Set()
process.on('exit', () => running.forEach((child) => child.kill('SIGKILL')))

/** Read the settings that the simulator wrote, as a shell would. */
function readEnv(file) {
  const rows = fs.readFileSync(file, 'utf8').split('\n').filter((row) => row && !row.startsWith('#'))
  return Object.fromEntries(rows.map((row) => [row.slice(0, row.indexOf('=')), row.slice(row.indexOf('=') + 1).replace(/^'|'$/g, '')]))
}

class Simulator {
  constructor(folder, child, url) {
    this.folder = folder
    this.child = child
    this.url = url
    this.env = readEnv(path.join(folder, 'env'))
    this.key = crypto.createPrivateKey(fs.readFileSync(path.join(folder, 'merchant_key.pem')))
  }

  /** One of the developer's doors: read it, or with `told` act through it. */
  async sim(door, told) {
    const asked = told && { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(told) }
    const answer = await fetch(`${this.url}/sim/${door}`, asked)
    return answer.json()
  }

  sign(...lines) {
    return crypto.sign('RSA-SHA256', Buffer.from(lines.map((line) => `${line}\n`).join('')), this.key).toString('base64')
  }

  /** Open an order of the official account's page and return what its page hands to the phone. */
  async order(no, fen, person = 'p1') {
    const { people } = await this.sim('people')
    const appid = this.env.WECHAT_OFFICIAL_APPID
    const { openids } = people.find((row) => row.id === person)
    const told = { appid, mchid: this.env.WECHAT_PAY_MCHID, description: '捐赠：修水渠', out_trade_no: no, amount: { total: fen } }
    Object.assign(told, { notify_url: 'http://127.0.0.1:9/nobody', payer: { openid: openids[appid] } })
    const { prepay_id: id } = await this.post('/v3/pay/transactions/jsapi', told)
    const params = { appId: appid, timeStamp: now(), nonceStr: nonce(), package: `prepay_id=${id}`, signType: 'RSA' }
    return { ...params, paySign: this.sign(params.appId, params.timeStamp, params.nonceStr, params.package) }
  }

  async post(place, told) {
    const [body, time, once_] = [JSON.stringify(told), now(), nonce()]
    const signature = this.sign('POST', place, time, once_, body)
    const parts = { mchid: this.env.WECHAT_PAY_MCHID, nonce_str: once_, signature, timestamp: time, serial_no: this.env.WECHAT_PAY_SERIAL }
    const authorization = `WECHATPAY2-SHA256-RSA2048 ${Object.entries(parts).map(([name, value]) => `${name}="${value}"`).join(',')}`
    const headers = { Authorization: authorization, Accept: 'application/json', 'Content-Type': 'application/json' }
    const answer = await fetch(this.url + place, { method: 'POST', headers, body })
    if (!answer.ok) throw new Error(`${place} answered ${answer.status}: ${await answer.text()}`)
    return answer.json()
  }

  async stop() {
    const ended = once(this.child, 'exit')
    this.child.kill('SIGTERM')
    await ended
    running.delete(this.child)
    fs.rmSync(this.folder, { recursive: true, force: true })
  }
}

const now = () => String(Math.floor(Date.now() / 1000))
const nonce = () => crypto.randomBytes(16).toString('hex')

/** Start the simulator on a free port; `words` are more of its command line. */
export async function startSimulator(...words) {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'wechat-sim-'))
  const env = { ...process.env, PYTHONPATH: `${HOUSE}/miniapp-api`, PYTHONUNBUFFERED: '1', PYTHONUTF8: '1' }
  const argv = ['-m', 'wechat_sim', '--dir', folder, '--port', '0', ...words]
  const child = spawn(PYTHON, argv, { cwd: HOUSE, env, stdio: ['ignore', 'pipe', 'inherit'] })
  running.add(child)
  for await (const line of createInterface(child.stdout)) {
    const url = /https?:\/\/\S+/.exec(line)?.[0]
    if (url) {
      child.stdout.resume()
      return new Simulator(folder, child, url)
    }
  }
  throw new Error('the simulator did not start')
}
