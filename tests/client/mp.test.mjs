/** The mini-program as built: it loads, gives, checks in, speaks with its own blanks filled, and calls nobody else. */
import assert from 'node:assert/strict'
import { createRequire } from 'node:module'
import { before, test } from 'node:test'
import { DIST, settle, startMiniProgram, till } from './mp-world.mjs'
import { makeServer } from './mp-server.mjs'

const require = createRequire(import.meta.url)
const { world, answer } = makeServer()
let phone
let since = 0

/** What was sent since it was asked the last time. */
function newlySent() {
  const sent = phone.sent.slice(since)
  since = phone.sent.length
  return sent
}

before(() => {
  phone = startMiniProgram(answer)
})

test('every page is well-formed wxml for WeChat’s own compiler', () => {
  const compiler = require('miniprogram-compiler')
  assert.match(compiler.wxmlToJs(DIST), /pages\/give\/index/)
})

test('home shows the villages with a fund and says that the data is for show', async () => {
  const home = await phone.open('pages/index/index')
  assert.match(home.text(), /众心村/)
  assert.match(home.text(), /演示数据/)
  await home.type(0, '李家')
  await settle(400)
  assert.match(home.text(), /李家村江苏省 盐城市/)
})

test('a village shows its fund, its projects and its team', async () => {
  const village = await phone.open('pages/village/index', { code: '320904104209' })
  assert.match(village.text(), /¥26,947\.29/)
  assert.match(village.text(), /队员 46 人/)
  const { title, path, imageUrl } = village.instance.onShareAppMessage()
  assert.deepEqual([title, path], ['众心村', '/pages/village/index?code=320904104209'])
  assert.equal(imageUrl, 'http://127.0.0.1:8000/api/v1/villages/320904104209/message.jpg')
})

test('a project fills the blanks of its texts and shows who answers for it', async () => {
  const project = await phone.open('pages/project/index', { code: 'P1' })
  assert.match(project.text(), /目标 ¥48,000/)
  assert.match(project.text(), /314 笔捐款/)
  assert.match(project.text(), /京民慈募证 1 号/)
  assert.match(project.text(), /金额不公开/)
  assert.doesNotMatch(project.text(), /\{\w+\}/)
})

test('a round code on a poster leads to its project, with the poster named', async () => {
  await phone.open('pages/scan/index', { scene: encodeURIComponent('1abcdefghijKLMNOPQR-_st') })
  assert.equal(phone.gone.at(-1), 'instead /pages/project/index?code=P1&via=1abcdefghijKLMNOPQR-_st')
})

test('a round code of somebody else leads nowhere, and says not to pay', async () => {
  for (const scene of ['1abcdefghijKLMNOPQR-_xx', 'id%3D7']) {
    const scan = await phone.open('pages/scan/index', { scene })
    assert.match(scan.text(), /没有找到/)
  }
  assert.equal(phone.gone.filter((one) => one.includes('_xx')).length, 0)
})

test('a gift is chosen, read once more, sent once with the bearer token, and leads to the payment', async () => {
  newlySent()
  const give = await phone.open('pages/give/index', { code: 'P1', via: 'L1' })
  await give.type(0, '19.99')
  await give.tap('btn', '下一步')
  assert.match(give.text(), /中华慈善总会/)
  assert.match(give.text(), /村互助基金/)
  await give.tap('btn', '去付款')
  await settle(200)
  const posts = newlySent().filter((one) => one.method === 'POST')
  assert.deepEqual(posts.map((one) => one.path), ['/projects/P1/gifts', '/login/wechat-mini', '/projects/P1/gifts'])
  assert.deepEqual(posts[1].body, { code: 'code-1', adds: false })
  assert.equal(posts[0].header['Idempotency-Key'], posts[2].header['Idempotency-Key'])
  assert.equal(posts[1].header['X-Session-Transport'], 'bearer')
  assert.equal(posts[2].header.Authorization, 'Bearer token-of-this-phone')
  assert.equal(posts[2].header['X-Requested-With'], 'happy-home')
  assert.deepEqual(posts[2].body, { amount_fen: 1999, display: 'anonymous', hide_amount: false, via: 'L1', channel: 'mini' })
  assert.ok(phone.gone.includes('instead /pages/thanks/index?gift=G1'))
  assert.match(phone.gone.at(-1), /^to \/pages\/web\/index\?url=http.*sandbox/)
})

test('where the cashier is WeChat’s, it opens with what the server signed; who cancels is offered the same order again', async () => {
  const signed = { appId: 'wx1', timeStamp: '7', nonceStr: 'n', package: 'prepay_id=1', signType: 'RSA', paySign: 's' }
  Object.assign(world.gift, { pay_url: null, pay_params: signed })
  const give = await phone.open('pages/give/index', { code: 'P1' })
  await give.type(0, '19.99')
  await give.tap('btn', '下一步')
  await give.tap('btn', '去付款')
  await settle(200)
  const { appId, ...handed } = signed
  assert.deepEqual(till.handed.at(-1), handed)
  const thanks = await phone.open('pages/thanks/index', { gift: 'G1' })
  assert.match(thanks.text(), /还没有收到付款/)
  newlySent()
  till.pays = true
  await thanks.tap('btn', '去付款')
  await settle(200)
  assert.deepEqual(newlySent().filter((one) => one.method === 'POST').map((one) => [one.path, one.body]), [['/gifts/G1/payment', { channel: 'mini' }]])
  assert.equal(till.handed.length, 2)
  assert.match(thanks.text(), /正在确认/)
  assert.doesNotMatch(thanks.text(), /去付款/)
  Object.assign(world.gift, { pay_url: '/sandbox/pay/1', pay_params: null, state: 'confirming' })
})

test('thanks says "being confirmed" until the server says "arrived"', async () => {
  const thanks = await phone.open('pages/thanks/index', { gift: 'G1' })
  assert.match(thanks.text(), /正在确认/)
  assert.doesNotMatch(thanks.text(), /失败/)
  Object.assign(world.gift, { state: 'paid', receipt: { number: 'HH-1', url: '/r/x' } })
  await settle(1500)
  assert.match(thanks.text(), /已到账/)
  assert.match(thanks.text(), /HH-1/)
})

test('after giving, one tap lets WeChat bring a message', async () => {
  const thanks = await phone.open('pages/thanks/index', { gift: 'G1' })
  await thanks.tap('btn', '微信提醒我')
  assert.match(thanks.text(), /微信会提醒您一次/)
})

test('how a gift shows is changed by a POST that says PATCH, for WeChat knows no PATCH', async () => {
  const gift = await phone.open('pages/gift/index', { code: 'G1' })
  newlySent()
  await gift.tap('chip', '昵称')
  await gift.type(0, '王家大嫂')
  await gift.tap('btn', '保存')
  const [change] = newlySent()
  assert.equal(`${change.method} ${change.header['X-HTTP-Method-Override']}`, 'POST PATCH')
  assert.equal(change.body.name, '王家大嫂')
  assert.match(gift.text(), /已经改好了/)
})

test('a volunteer under eighteen is asked for a guardian, who agrees', async () => {
  const activity = await phone.open('pages/activity/index', { code: 'AcT1' })
  await activity.type(0, '张小燕')
  await activity.tap('check', '报名的人未满18岁')
  newlySent()
  await activity.tap('btn', '我要报名')
  assert.match(activity.text(), /请选现在多大/)
  assert.deepEqual(newlySent(), [])
  await activity.tap('chip', '不满14岁')
  await activity.type(1, '张秀英')
  await activity.type(2, '13812345678')
  await activity.tap('check', '我是监护人')
  await activity.tap('btn', '我要报名')
  await settle()
  const minor = { band: 'under_14', guardian_name: '张秀英', guardian_phone: '13812345678', guardian_agrees: true }
  assert.deepEqual(newlySent()[0].body, { name: '张小燕', minor })
  world.mine = null
})

test('a volunteer signs up, scans the code and is checked in', async () => {
  const activity = await phone.open('pages/activity/index', { code: 'AcT1' })
  await activity.type(0, '王小明')
  await activity.tap('btn', '我要报名')
  await settle()
  assert.match(activity.text(), /您已报名/)
  newlySent()
  await activity.tap('btn', '扫一扫')
  await settle()
  assert.deepEqual(newlySent()[0].body, { code: '654321' })
  assert.match(activity.text(), /您已签到/)
})

test('large type and English change the page at once', async () => {
  const project = await phone.open('pages/project/index', { code: 'P1' })
  await project.tap('pill', '大字')
  assert.ok(project.find('large'))
  await project.tap('pill', 'EN')
  assert.match(project.text(), /Target ¥48,000/)
  await project.tap('pill', '中文')
})

test('WeChat says silently who it is, and a used code is asked for once more', async () => {
  world.refusals.push('LOGIN_CODE_USED')
  newlySent()
  const login = await phone.open('pages/login/index')
  await login.tap('btn', '微信登录')
  assert.match(login.text(), /请先勾选这一行/)
  await login.tap('check', '我已满14岁')
  await login.tap('btn', '微信登录')
  await settle()
  const codes = newlySent().filter((one) => one.path === '/login/wechat-mini')
  assert.deepEqual(codes.map((one) => one.body.code), ['code-2', 'code-3'])
  assert.equal(phone.gone.at(-1), 'instead /pages/me/index')
  const me = await phone.open('pages/me/index')
  assert.match(me.text(), /微信（小程序）/)
})

test('one tap shows the number: who says no is told what we did not see, and what is refused may be tapped again', async () => {
  const login = await phone.open('pages/login/index', { adds: '1' })
  const hands = (detail) => login.tells('btn', '用微信里的手机号登录', 'getphonenumber', detail)
  newlySent()
  await hands({ errMsg: 'getPhoneNumber:fail user deny' })
  assert.match(login.text(), /您没有同意，我们没有看到您的手机号/)
  await hands({ errMsg: 'getPhoneNumber:fail no permission' })
  assert.match(login.text(), /微信现在给不出手机号/)
  assert.deepEqual(newlySent(), [])
  world.refusals.push('PHONE_GRANT_USED')
  await hands({ code: 'number-1', errMsg: 'getPhoneNumber:ok' })
  await settle()
  assert.match(login.text(), /请再点一次按钮/)
  await hands({ code: 'number-2', errMsg: 'getPhoneNumber:ok' })
  await settle()
  const posts = newlySent().filter((one) => one.method === 'POST')
  assert.deepEqual(posts.map((one) => [one.path, one.body]), [
    ['/login/wechat-phone', { code: 'number-1', adds: true }], ['/login/wechat-phone', { code: 'number-2', adds: true }],
  ])
  assert.equal(phone.gone.at(-1), 'instead /pages/me/index')
})

test('while WeChat is silent a guest gives all the same', async () => {
  world.session = false
  world.refusals.push('WECHAT_UNAVAILABLE')
  newlySent()
  const give = await phone.open('pages/give/index', { code: 'P1' })
  await give.type(0, '5')
  await give.tap('btn', '下一步')
  await give.tap('btn', '去付款')
  await settle(200)
  const posts = newlySent().filter((one) => one.method === 'POST')
  assert.deepEqual(posts.map((one) => one.path), ['/projects/P1/gifts', '/login/wechat-mini', '/session', '/projects/P1/gifts'])
})

test('a message leads to its page in WeChat too', async () => {
  const messages = await phone.open('pages/messages/index')
  await settle()
  await messages.tap('btn', '查看')
  assert.equal(phone.gone.at(-1), 'to /pages/gift/index?code=G1')
})

for (const page of ['gifts', 'statement', 'shares', 'hours', 'notices', 'notice', 'ledger', 'region', 'lines', 'share', 'lost']) {
  test(`${page} opens and, where the server knows nothing, says so`, async () => {
    const opened = await phone.open(`pages/${page}/index`, { code: 'nothing' })
    assert.match(opened.text(), /没有|还没有|暂时|不存在/)
  })
}

test('no request went to another host, also not after three seconds', async () => {
  await settle(3500)
  const hosts = new Set(phone.sent.map((one) => (one.method === 'BEACON' ? one.url : new URL(one.url).host)))
  assert.deepEqual([...hosts], ['127.0.0.1:8000'])
})
