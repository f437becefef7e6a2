/** Small changes to what uni-app builds: names for screen readers, no call to another host, short addresses. */
import type { Plugin } from 'vite'

/** WeChat calls the attribute aria-role, and knows neither tabindex nor alt. */
const MP_NAMES: Record<string, string | null> = { role: 'aria-role', tabindex: null, alt: null, lang: null }
const NODE_ELEMENT = 1
const PROP_ATTRIBUTE = 6
const PROP_DIRECTIVE = 7

/** Rows and small services that nearly every page draws with; the frame and the framework come along. */
const SHARED = [
  'MoreButton', 'ProgressBar', 'SectionHead', 'TextField', 'VillageLine', 'api', 'load', 'money', 'settings', 'time', 'wording',
]

/** Small parts that the same few pages draw with, by the file that they share: a file's own headers weigh as much as they do. */
const TOGETHER: Record<string, string[]> = {
  shared: SHARED,
  telling: ['GiftRow', 'MoneyFlow', 'NoticeRow', 'OpenInWechat', 'PostBlock', 'ProjectRow', 'SpendingRow', 'wechat'],
  choosing: ['CheckLine', 'ChoiceChips', 'choices', 'draft', 'pay'],
}

interface TemplateProp { type: number; name: string; arg?: { content?: string } }
interface TemplateNode { type: number; props?: TemplateProp[] }

function renamed(prop: TemplateProp): boolean {
  const bound = prop.type === PROP_DIRECTIVE && prop.name === 'bind' ? prop.arg : undefined
  const name = prop.type === PROP_ATTRIBUTE ? prop.name : bound?.content
  if (name === undefined || !(name in MP_NAMES)) return true
  const other = MP_NAMES[name]
  if (other === null) return false
  if (bound) bound.content = other
  else prop.name = other
  return true
}

/** Vue compiler transform for the mini-program: role becomes aria-role, what WeChat does not know is dropped. */
export function mpAria(node: TemplateNode): void {
  if (node.type === NODE_ELEMENT && node.props) node.props = node.props.filter(renamed)
}

/** Removes the two images that the framework would fetch from its vendor's host while the client runs. */
export function noVendorBeacon(): Plugin {
  const picture = /url\(\s*['"]?https?:\/\/cdn\d*\.dcloud\.net\.cn[^)]*\)/g
  return {
    name: 'no-vendor-beacon',
    enforce: 'post',
    renderChunk: (code) => ({ code: code.replace(/[\w$]+\(wx\.preloadAssets\)/g, 'false'), map: null }),
    generateBundle(_options, bundle) {
      for (const file of Object.values(bundle)) {
        if (file.type !== 'asset' || !/\.(css|wxss)$/.test(file.fileName)) continue
        file.source = String(file.source).replace(picture, 'none')
      }
    },
  }
}

/** `/project` instead of `/pages/project/index`: addresses stand on posters and are read aloud. */
export function shortRoutes(): Plugin {
  const route = /path:'\/(pages|pages-desk)\/([\w/-]+)',/g
  const shorten = (_all: string, root: string, page: string): string => {
    const name = page.replace(/\/?index$/, '').replace(/^index$/, '')
    const short = root === 'pages' ? name : ['desk', name].filter(Boolean).join('/')
    return `path:'/${short}',\n  alias:'/${root}/${page}',`
  }
  return {
    name: 'short-routes',
    enforce: 'post',
    transform(code) {
      if (!code.includes('__uniRoutes=[')) return undefined
      return { code: code.replace(route, shorten), map: null }
    },
  }
}

/** What nearly every page needs beside the frame: one file, because each costs a village's network a round trip. */
export function sharedByPages(id: string): string | undefined {
  const name = /\/src\/(?:components|services)\/(\w+)\.(?:vue|ts)$/.exec(id)?.[1] ?? ''
  return Object.keys(TOGETHER).find((file) => TOGETHER[file].includes(name))
}
