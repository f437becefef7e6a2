/** A server of a few answers, by the contract, for the mini-program that runs without a phone. */
const parents = [{ code: '32', name: '江苏省', level: 'province' }, { code: '3209', name: '盐城市', level: 'city' }]
const card = {
  code: 'P1', title: '给众心村装路灯', kind: 'public_works', village_code: '320904104209', village_name: '众心村', state: 'collecting',
  target_fen: 4800000, received_fen: 2694729, gift_count: 314, ends_on: null, cover_url: null, demo: true,
}
const figures = { received_fen: 2694729, with_nation_fen: 100000, in_transit_fen: 0, with_village_fen: 1434729, spent_fen: 1160000 }
const line = {
  code: 'S1', number: 1, title: '路灯购置', amount_fen: 1160000, spent_on: '2026-11-12', voucher_url: '/media/v.jpg',
  corrected_fen: 5000, reference: 'spending:S1', position: 41,
}
const project = {
  ...card, summary: '孩子们摸黑走路。', story: '村民会议已通过。', village: { code: card.village_code, name: '众心村', parents },
  organisation: { name: '中华慈善总会', uscc: '5110', fundraising_certificate: '京民慈募证 1 号' }, filing_number: '备案 A26001',
  starts_on: '2026-06-01', plan: [{ title: '路灯 40 盏', amount_fen: 4800000 }], contact: { name: '张主任', phone_masked: '138****0000' },
  surplus_rule: 'to_fund', accepts_gifts: true, refusal: null, figures, spending: [line], progress: [], latest_notice: null,
  gifts: [{ code: 'g', name: '爱心人士', amount_fen: null, message: '加油', paid_at: '2026-11-20T10:00:00+08:00', via_share: false }],
}
const village = {
  code: card.village_code, name: '众心村', parents, demo: true, fund: { ...card, code: 'F1', kind: 'mutual_aid_fund' },
  figures: { ...figures, gift_count: 9, project_count: 1 }, projects: [card], activities: [], notices: [],
  team: { code: 'T', name: '众心村志愿服务队', member_count: 46 },
}
const activity = {
  code: 'AcT1', title: '水渠清淤', village_code: card.village_code, village_name: '众心村', place: '老槐树下',
  starts_at: '2026-11-22T08:30:00+08:00', ends_at: '2026-11-22T11:30:00+08:00', seats: 30, seats_left: 12, target: '全体村民',
  content: '请带手套。', leader_name: '陈队长', state: 'open', mine: null,
}
const gift = {
  code: 'G1', amount_fen: 1999, display: 'anonymous', hide_amount: false, name: null, message: null, words: { state: 'shown', reason: null }, project: card, state: 'payable',
  pay_url: '/sandbox/pay/1', pay_params: null, expires_at: null, paid_at: null, redirected_to: null, receipt: null, reused: false, stations: [],
}
const account = {
  code: 'A1', kind: 'wechat_mini', shown: null, joined_at: '2026-11-20T10:00:00+08:00', used_at: '2026-11-20T10:00:00+08:00',
  is_present: true,
}
const message = {
  code: 'M1', kind: 'gift.received', title: '捐赠已到账', text: '您的 19.99 元已到账。', link: '/gift?code=G1',
  told_at: '2026-11-20T10:00:00+08:00', read_at: null,
}

const refusal = (status, code) => [status, { type: 'about:blank', title: code, status, code, detail: '拒绝', request_id: 'r', retryable: false }]

/** Answers by route; what the volunteer and the giver did is remembered between requests. */
export function makeServer() {
  const world = { session: false, mine: null, gift: { ...gift }, refusals: [] }
  const routes = {
    'GET /app': () => [200, { environment: 'development', demo: true, version: '0.1.0', currency: 'CNY', wechat_mini: true, wechat_official: false, payment: 'page', subscribe_templates: ['T1'] }],
    'GET /villages': () => [200, { items: [{ ...village, fund_code: 'F1', received_fen: 2694729, project_count: 1 }], next_cursor: null }],
    [`GET /villages/${village.code}`]: () => [200, village],
    'GET /regions/search': () => [200, { items: [{ code: village.code, name: '李家村', level: 'village', parents, has_fund: true }] }],
    'GET /links/1abcdefghijKLMNOPQR-_st': () => [200, { kind: 'poster', target: { kind: 'project', code: 'P1', title: card.title }, sharer_name: null, poster_number: '00000001' }],
    'GET /projects/P1': () => [200, project],
    'POST /session': () => {
      world.session = true
      return [201, { person: { code: 'me' }, token: 'token-of-this-phone' }]
    },
    'POST /login/wechat-mini': () => {
      const code = world.refusals.shift()
      if (code) return refusal(code === 'LOGIN_CODE_USED' ? 401 : 503, code)
      world.session = true
      return [200, { person: { code: 'me' }, joined: false, token: 'token-of-this-phone' }]
    },
    'POST /login/wechat-phone': () => {
      const code = world.refusals.shift()
      if (code) return refusal(401, code)
      world.session = true
      return [200, { person: { code: 'me' }, joined: true, token: 'token-of-the-number' }]
    },
    'GET /login/ways': () => [200, { wechat_mini: true, wechat_official: false, phone: 'none' }],
    'GET /me/account': () => [200, { person: { code: 'me' }, is_guest: false, accounts: [account], phones: [], unread: 1 }],
    'GET /me/messages': () => [200, { items: [message], next_cursor: null, unread: 1 }],
    'POST /me/messages/read': () => [200, { unread: 0 }],
    'POST /projects/P1/gifts': () => (world.session ? [201, world.gift] : refusal(401, 'SESSION_NEEDED')),
    'POST /gifts/G1/payment': () => [200, world.gift],
    'GET /gifts/G1': () => [200, world.gift],
    'POST /gifts/G1': (body) => {
      Object.assign(world.gift, body)
      return [200, world.gift]
    },
    'GET /activities/AcT1': () => [200, { ...activity, mine: world.mine }],
    'POST /activities/AcT1/sign-ups': () => {
      world.mine = { state: 'signed_up', minutes: null }
      return [201, {}]
    },
    'POST /activities/AcT1/check-ins': () => {
      world.mine = { state: 'checked_in', minutes: null }
      return [201, {}]
    },
  }
  const answer = (method, path, body) => (routes[`${method} ${path}`] ?? (() => refusal(404, 'NOT_FOUND')))(body)
  return { world, answer }
}
