/** Every page of the client, with an address at which it has something to show, and words by which one knows that it does. */
import fs from 'node:fs'
import path from 'node:path'
import { HOUSE } from './prepared.mjs'

export const VILLAGE = '320904104209'

/** The routes of the browser's client as its sources name them, so that no page can be forgotten. */
export function routes() {
  const text = fs.readFileSync(path.join(HOUSE, 'miniapp-api/client/src/pages.json'), 'utf8')
  const browserOnly = text.replace(/\/\/ #ifdef MP-WEIXIN[^]*?\/\/ #endif/g, '').replace(/^\s*\/\/.*$/gm, '')
  const { pages, subPackages } = JSON.parse(browserOnly)
  return [...pages.map((page) => page.path), ...subPackages.flatMap((pack) => pack.pages.map((page) => `${pack.root}/${page.path}`))]
}

const at = (route, place, sees, more = {}) => ({ route, at: place, sees, ...more })

/** Pages for everybody; `gift` is one that this phone has given. */
export async function publicPlaces(world, gift) {
  const village = await world.get(`/villages/${VILLAGE}`)
  const closed = village.projects.find((project) => project.state === 'closed')
  const { items: notices } = await world.get(`/notices?village=${VILLAGE}`)
  const { items: spending } = await world.get(`/projects/${closed.code}/spending`)
  const corrected = spending.find((line) => line.corrected_fen)
  const meals = village.projects.find((project) => project.title === '众心村老年助餐点').code
  const lines = (kind, sees) => at('pages/lines/index', `/lines?code=${meals}&kind=${kind}`, sees)
  return [
    at('pages/index/index', '/', '众心村'),
    at('pages/village/index', `/village?code=${VILLAGE}`, '众心路太阳能路灯40盏'),
    at('pages/project/index', `/project?code=${meals}`, '众心村老年助餐点'),
    at('pages/project/index', `/project?code=${closed.code}`, '项目已结项'),
    at('pages/project/index', `/project?code=${village.fund.code}`, '村社互助基金'),
    lines('spending', '厨房改造工程款'),
    lines('progress', '助餐点开灶'),
    lines('gifts', '爱心人士'),
    at('pages/give/index', `/give?code=${meals}`, '捐多少（元）'),
    at('pages/thanks/index', `/thanks?gift=${gift}`, '已到账，谢谢您！'),
    at('pages/gifts/index', '/gifts', '这里是用这部手机捐的款'),
    at('pages/gift/index', `/gift?code=${gift}`, '这笔钱现在在哪里'),
    at('pages/statement/index', '/statement', '年共捐赠'),
    at('pages/shares/index', '/shares', '还没有从这里来的捐款'),
    at('pages/share/index', `/share?kind=project&code=${meals}`, '生成我的链接和卡片'),
    at('pages/hours/index', '/hours', '已报名'),
    at('pages/activity/index', `/activity?code=${village.activities[0].code}`, '您已报名'),
    at('pages/notices/index', `/notices?village=${VILLAGE}`, notices[0].title),
    at('pages/notice/index', `/notice?code=${notices[0].code}`, '期末结余'),
    at('pages/ledger/index', `/ledger?code=${meals}`, '捐款'),
    at('pages/ledger/index', `/ledger?code=${closed.code}&ref=${encodeURIComponent(corrected.reference)}`, '支出更正（退回）'),
    at('pages/region/index', '/region', '江苏省'),
    at('pages/region/index', '/region?code=320904104', '众心村委会'),
    at('pages/me/index', '/me', '您现在没有登录'),
    at('pages/mydata/index', '/mydata', '我们保存的信息'),
    at('pages/privacy/index', '/privacy', '我们收集什么'),
    at('pages/login/index', '/login', '获取验证码'),
    at('pages/messages/index', '/messages', '捐赠已到账'),
    at('pages/lost/index', '/no-such-page', '这个页面不存在', { asksNothing: true }),
  ]
}

/** A date of the village, so many days before today. */
const daysAgo = (days) => new Date(Date.now() + (8 - 24 * days) * 3_600_000).toISOString().slice(0, 10)

/** Pages of the desk; `who` logs in there. */
export async function deskPlaces(cadre) {
  const [meals, lamps] = await Promise.all(['众心村老年助餐点', '众心路太阳能路灯40盏'].map(cadre.projectCalled))
  const { items: activities } = await cadre.call('GET', '/desk/activities')
  const line = { line: 'no-such-line', number: '2', title: '立杆水泥、砂石', amount: 1180000, corrected: 18000, code: lamps.code }
  const at2 = (name, query, sees, more) => at(`pages-desk/${name}/index`, `/desk/${name}${query}`, sees, { who: 'cun1', ...more })
  return [
    at('pages-desk/login/index', '/desk/login', '工作台给村干部', { asksNothing: true }),
    at('pages-desk/index/index', '/desk', '众心村老年助餐点', { who: 'cun1' }),
    at2('publish', '', '第 1 步，共 6 步'),
    at2('project', `?code=${meals.code}`, '众心村老年助餐点'),
    at2('spending', `?code=${meals.code}`, '村里账户现有'),
    at2('correct', `?${new URLSearchParams(line)}`, '立杆水泥、砂石'),
    at2('progress', `?code=${meals.code}`, '进展怎么样了'),
    at2('posters', `?code=${meals.code}`, '村部公告栏'),
    at2('activities', '', '村道清扫与助餐送饭'),
    at2('activity-new', '', '在哪里集合'),
    at2('activity', `?code=${activities[0].code}`, '报名名单'),
    at2('payouts', '', '已经拨付', { who: 'guojia1' }),
    at2('refunds', '', '等第二人批准', { who: 'guojia1' }),
    at2('unallocated', '', '没有等待安排的钱', { who: 'guojia1' }),
    at2('safety', '', '正在登录的设备'),
    at2('words', '', '没有待审核的留言', { who: 'guojia1' }),
    at2('troubles', '', '没有要处理的事', { who: 'guojia1' }),
    at2('openings', '', '谁也不能改', { who: 'guojia1' }),
    at2('reconciliation', '', '已结账并封存', { who: 'guojia1' }),
    at2('reconciled', `?channel=sandbox&day=${daysAgo(5)}`, '已结账并封存', { who: 'guojia1' }),
    at2('fees', '', '已到账', { who: 'guojia1' }),
  ]
}
