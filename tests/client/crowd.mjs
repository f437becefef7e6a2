/** Many who give by the mini-program, without a screen: they log in, order, pay, and ask until their money has arrived. */
import { randomUUID } from 'node:crypto'
import { setTimeout as pause } from 'node:timers/promises'
import { becomes, persists } from './patience.mjs'

const OURS = { 'X-Requested-With': 'happy-home', 'X-Session-Transport': 'bearer', 'Content-Type': 'application/json' }
const ARRIVED = ['paid', 'redirected']
/** Does the answer ask for the same again, a moment later? Whoever stands before the server cannot say so: 500 and more count too. */
const isLater = (status, text) => status === 429 || status >= 500 || /"retryable": ?true/.test(text)
const TRIES = 60

/** Somebody with the mini-program in hand. */
export class Giver {
  constructor(world, simulator, person) {
    Object.assign(this, { world, simulator, person, token: '', gifts: [] })
  }

  async ask(method, place, body) {
    const headers = { ...OURS, 'Idempotency-Key': randomUUID(), ...(this.token && { Authorization: `Bearer ${this.token}` }) }
    const sent = { method, headers, body: body && JSON.stringify(body) }
    for (let tries = 1; ; tries += 1) {
      const answer = await persists(() => fetch(`${this.world.url}/api/v1${place}`, sent))
      const text = await answer.text()
      if (answer.ok) return JSON.parse(text)
      if (!isLater(answer.status, text) || tries === TRIES) throw new Error(`${method} ${place} answered ${answer.status}: ${text}`)
      await pause(500)
    }
  }

  /** WeChat's code opens once: where the answer was lost with its process, another is asked for, as the client does. */
  async enter() {
    const appid = this.simulator.env.WECHAT_MINI_APPID
    for (let tries = 1; !this.token; tries += 1) {
      const { code } = await this.simulator.sim('login', { person: this.person, appid })
      const entered = await this.ask('POST', '/login/wechat-mini', { code }).catch((thrown) => ({ thrown }))
      if (entered.thrown && (tries === 5 || !/LOGIN_CODE_USED/.test(entered.thrown.message))) throw entered.thrown
      this.token = entered.token ?? ''
    }
  }

  order(project, fen) {
    return this.ask('POST', `/projects/${project}/gifts`, { amount_fen: fen, display: 'anonymous', hide_amount: false, channel: 'mini' })
  }

  async pays(gift) {
    const { errMsg } = await this.simulator.sim('request_payment', { pay_params: gift.pay_params, person: this.person })
    if (errMsg !== 'requestPayment:ok') throw new Error(errMsg)
  }

  /** Ask until the money is there; returns the gift. */
  arrives(gift) {
    return becomes(() => this.ask('GET', `/gifts/${gift.code}`), ({ state }) => ARRIVED.includes(state), { within_ms: 180_000 })
  }

  /** One gift, in one of the ways in which people give. */
  async gives(project, fen, way) {
    const taps = way === 'taps twice' ? 2 : 1
    const [gift, again] = await Promise.all(Array.from({ length: taps }, () => this.order(project, fen)))
    if (again && again.code !== gift.code) throw new Error(`two taps made two orders: ${gift.code}, ${again.code}`)
    if (way === 'thinks better of it') return
    const offered = way === 'comes back' ? await this.ask('POST', `/gifts/${gift.code}/payment`, { channel: 'mini' }) : gift
    await this.pays(offered)
    await this.arrives(gift)
    this.gifts.push({ code: gift.code, fen })
  }
}

export const WAYS = ['at once', 'at once', 'at once', 'taps twice', 'comes back', 'thinks better of it']

/** So many people give so many gifts to a project, each another sum; resolves to them when all has arrived. */
export async function crowd({ world, simulator, dice, project, people, gifts }) {
  const givers = []
  for (let number = 1; number <= people; number += 1) {
    const { id } = await simulator.sim('people', { id: `crowd${number}`, nickname: `乡亲${number}` })
    givers.push(new Giver(world, simulator, id))
  }
  await Promise.all(givers.map(async (giver, lane) => {
    await giver.enter()
    for (let number = 0; number < gifts; number += 1) {
      const fen = 100 + 1000 * (lane + people * number) + dice.between(0, 999)
      await giver.gives(project, fen, dice.oneOf(WAYS))
    }
  }))
  return givers
}
