/** A world in which the built mini-program runs without WeChat: jsdom for the screen, a small `wx`. */
import { createRequire } from 'node:module'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { JSDOM } from 'jsdom'

const require = createRequire(import.meta.url)
let exparser
let logins = 0
/** WeChat's cashier: what it was handed, and whether its owner pays or cancels. */
export const till = { handed: [], pays: false }
const here = path.dirname(fileURLToPath(import.meta.url))
export const DIST = path.resolve(here, '../../miniapp-api/client/dist/build/mp-weixin')

/** The simulator looks for a browser when it is loaded, so the browser comes first. */
function openWindow() {
  const { window } = new JSDOM('<!doctype html><body></body>', { url: 'http://localhost/', pretendToBeVisual: true })
  const names = ['document', 'Event', 'CustomEvent', 'HTMLElement', 'Element', 'Node', 'MutationObserver', 'TouchEvent']
  globalThis.window = window
  for (const name of names) globalThis[name] = window[name]
  for (const name of ['requestAnimationFrame', 'cancelAnimationFrame']) globalThis[name] = window[name].bind(window)
  return window
}

function makeStorage() {
  const kept = new Map()
  return {
    getStorageSync: (key) => kept.get(key) ?? '',
    setStorageSync: (key, value) => void kept.set(key, value),
    removeStorageSync: (key) => void kept.delete(key),
    getStorageInfoSync: () => ({ keys: [...kept.keys()] }),
  }
}

function makeWx(sent, gone, answer) {
  const system = {
    platform: 'devtools', system: 'iOS 17', version: '8.0.50', SDKVersion: '3.5.0', language: 'zh_CN', brand: 'devtools',
    model: 'iPhone', pixelRatio: 2, screenWidth: 375, screenHeight: 812, windowWidth: 375, windowHeight: 768,
    statusBarHeight: 44, deviceOrientation: 'portrait', theme: 'light', safeArea: { top: 44, bottom: 778, left: 0, right: 375 },
  }
  const going = (verb) => (call) => {
    gone.push(`${verb} ${call.url}`)
    call.success?.({})
    call.complete?.({})
  }
  return {
    ...makeStorage(),
    env: { USER_DATA_PATH: '/tmp' },
    getSystemInfoSync: () => system,
    getWindowInfo: () => system,
    getDeviceInfo: () => system,
    getAppBaseInfo: () => system,
    getLaunchOptionsSync: () => ({ path: '', query: {}, scene: 1001 }),
    getEnterOptionsSync: () => ({ path: '', query: {}, scene: 1001 }),
    getMenuButtonBoundingClientRect: () => ({ left: 281, top: 48, right: 368, bottom: 80, width: 87, height: 32 }),
    getAccountInfoSync: () => ({ miniProgram: { appId: 'touristappid', envVersion: 'develop' } }),
    canIUse: () => true,
    onAppShow: () => undefined,
    onAppHide: () => undefined,
    onError: () => undefined,
    onUnhandledRejection: () => undefined,
    onPageNotFound: () => undefined,
    onThemeChange: () => undefined,
    onNetworkStatusChange: () => undefined,
    getNetworkType: ({ success }) => success({ networkType: 'wifi' }),
    nextTick: (then) => setTimeout(then, 0),
    preloadAssets: ({ data }) => sent.push({ method: 'BEACON', url: JSON.stringify(data) }),
    pageScrollTo: () => undefined,
    navigateTo: going('to'),
    redirectTo: going('instead'),
    reLaunch: going('anew'),
    navigateBack: going('back'),
    requestSubscribeMessage: ({ tmplIds, success }) => success(Object.fromEntries(tmplIds.map((id) => [id, 'accept']))),
    requestPayment: ({ timeStamp, nonceStr, package: prepay, signType, paySign, success, fail }) => {
      till.handed.push({ timeStamp, nonceStr, package: prepay, signType, paySign })
      if (till.pays) success({ errMsg: 'requestPayment:ok' })
      else fail({ errMsg: 'requestPayment:fail cancel' })
    },
    login: ({ success }) => success({ code: `code-${(logins += 1)}`, errMsg: 'login:ok' }),
    scanCode: ({ success }) => success({ result: 'https://village.example/activity?code=AcT1&c=654321' }),
    request: (call) => {
      const path = new URL(call.url).pathname.replace('/api/v1', '')
      sent.push({ method: call.method ?? 'GET', url: call.url, path, header: call.header, body: call.data && JSON.parse(call.data) })
      const [statusCode, data] = answer(call.method ?? 'GET', path, call.data && JSON.parse(call.data))
      // A copy, as over a wire: what the server keeps and what the phone holds are two things.
      const received = structuredClone(data)
      setTimeout(() => call.success({ statusCode, data: received, header: {} }), 0)
    },
  }
}

/** Start the mini-program. `answer(method, path, body)` is the server: it returns [status, body]. */
export function startMiniProgram(answer) {
  openWindow()
  const sent = []
  let app = null
  const gone = []
  globalThis.wx = makeWx(sent, gone, answer)
  globalThis.App = (options) => {
    app = options
  }
  globalThis.getApp = () => app
  globalThis.Page = () => undefined
  const pages = []
  globalThis.getCurrentPages = () => pages
  const simulator = require('miniprogram-simulate')
  exparser = require('miniprogram-exparser')
  require(path.join(DIST, 'app.js'))
  app.onLaunch?.({ path: '', query: {}, scene: 1001 })
  return { sent, gone, open: (page, query) => openPage(simulator, pages, page, query) }
}

async function openPage(simulator, pages, page, query = {}) {
  const id = simulator.load(path.join(DIST, page), { rootPath: DIST, compiler: 'official' })
  const screen = simulator.render(id)
  const place = document.createElement('div')
  document.body.append(place)
  screen.attach(place)
  const instance = screen.instance
  instance.route = page
  pages.splice(0, pages.length, instance)
  instance.onLoad?.(query)
  instance.onShow?.()
  await settle()
  return { screen, instance, text: () => screen.dom.textContent.replace(/\s+/g, ' '), ...hands(screen) }
}

/** Let answers arrive, Vue render and the simulator draw. */
export async function settle(ms = 60) {
  await new Promise((resolve) => setTimeout(resolve, ms))
}

/** Find what is drawn by its tag or class and by its words, and touch it as a finger would. */
function hands(screen) {
  const drawn = () => [...screen.dom.querySelectorAll('*')]
  const wears = (one, mark) => one.localName === `wx-${mark}` || [...one.classList].some((name) => name.endsWith(`--${mark}`))
  const find = (mark, words = '') => drawn().find((one) => wears(one, mark) && one.textContent.includes(words))
  return {
    find,
    tap: (mark, words) => happen(find(mark, words), 'tap', {}, true),
    /** WeChat itself tells something about what was tapped, such as what its own buttons hand out. */
    tells: (mark, words, name, detail) => happen(find(mark, words), name, detail, false),
    type: (nth, value) => happen(drawn().filter((one) => /^wx-(input|textarea)$/.test(one.localName))[nth], 'input', { value }, false),
  }
}

async function happen(place, name, detail, bubbles) {
  if (!place) throw new Error(`nothing to ${name}`)
  const event = exparser.Event.create(name, detail, { bubbles, composed: bubbles, capturePhase: true })
  exparser.Event.dispatchEvent(place.__wxElement, event)
  await settle()
}
