/** The changes to what uni-app builds: names for WeChat's reader, no call home, short addresses. */
import { describe, expect, it } from 'vitest'
import { mpAria, noVendorBeacon, sharedByPages, shortRoutes } from '../build'

type Hook = (...given: unknown[]) => unknown
const call = (hook: unknown, ...given: unknown[]): unknown => (hook as Hook)(...given)

describe('the mini-program', () => {
  it('is told roles by WeChat’s name, and nothing that WeChat does not know', () => {
    const attribute = (name: string) => ({ type: 6, name })
    const bound = (content: string) => ({ type: 7, name: 'bind', arg: { content } })
    const node = { type: 1, props: [attribute('role'), attribute('tabindex'), attribute('class'), bound('role'), bound('alt'), { type: 7, name: 'if' }] }
    mpAria(node)
    expect(node.props).toEqual([attribute('aria-role'), attribute('class'), bound('aria-role'), { type: 7, name: 'if' }])
    expect(mpAria({ type: 2 })).toBeUndefined()
  })

  it('does not fetch the vendor’s beacon, and the code around it stays whole', () => {
    const { code } = call(noVendorBeacon().renderChunk, 'if(isFunction$1(wx.preloadAssets)){x()}') as { code: string }
    expect(code).toBe('if(false){x()}')
  })
})

describe('the page in a browser', () => {
  it('does not fetch the vendor’s shadow picture', () => {
    const style = { type: 'asset', fileName: 'a.css', source: 'body::after{background:url(https://cdn.dcloud.net.cn/img/shadow-grey.png)}' }
    const script = { type: 'chunk', fileName: 'a.js' }
    call(noVendorBeacon().generateBundle, {}, { style, script })
    expect(style.source).toBe('body::after{background:none}')
  })

  it.each([
    ['/pages/project/index', '/project'],
    ['/pages-desk/index/index', '/desk'],
    ['/pages-desk/project/index', '/desk/project'],
  ])('%s has the address %s', (file, short) => {
    const told = call(shortRoutes().transform, `window.__uniRoutes=[{ path:'${file}',component }]`) as { code: string }
    expect(told.code.replace(/\s+/g, ' ')).toContain(`path:'${short}', alias:'${file}',`)
  })

  it('leaves all other code alone', () => {
    expect(call(shortRoutes().transform, "path:'/pages/project/index',")).toBeUndefined()
  })
})

it('what nearly every page draws with travels in one file', () => {
  const where = (name: string): string | undefined => sharedByPages(`/home/x/src/${name}`)
  expect(['components/MoreButton.vue', 'services/money.ts'].map(where)).toEqual(['shared', 'shared'])
  expect(['components/OpenInWechat.vue', 'services/wechat.ts', 'services/draft.ts'].map(where)).toEqual(['telling', 'telling', 'choosing'])
  expect(['components/SharePanel.vue', 'services/deskActs.ts', 'pages/load/index.vue'].map(where)).toEqual([undefined, undefined, undefined])
})
