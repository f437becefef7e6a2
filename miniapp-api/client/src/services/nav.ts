/** Addresses of our own pages, and going there. */
import { withQuery, type Query } from './http'

export type PageName =
  | 'home' | 'village' | 'project' | 'lines' | 'give' | 'thanks' | 'gifts' | 'gift' | 'statement' | 'shares' | 'share' | 'hours'
  | 'activity' | 'scan' | 'me' | 'mydata' | 'privacy' | 'login' | 'messages' | 'notices' | 'notice' | 'ledger' | 'region' | 'desk' | `desk/${string}`

/** Where the page's file lies. The desk is a sub-package of its own, fetched by those who work there. */
function fileOf(page: PageName): string {
  if (page === 'home') return '/pages/index/index'
  if (page === 'desk') return '/pages-desk/index/index'
  return page.startsWith('desk/') ? `/pages-desk/${page.slice(5)}/index` : `/pages/${page}/index`
}

/** `/project?code=…` in a browser, `/pages/project/index?code=…` in WeChat, which knows no short names. */
export function to(page: PageName, query: Query = {}): string {
  let path = fileOf(page)
  // #ifdef H5
  path = page === 'home' ? '/' : `/${page}`
  // #endif
  return withQuery(path, query)
}

export function go(page: PageName, query: Query = {}): void {
  uni.navigateTo({ url: to(page, query) })
}

/** Go there so that "back" does not return to this page: used once a form has done its work. */
export function replaceWith(page: PageName, query: Query = {}): Promise<void> {
  return new Promise((resolve) => {
    uni.redirectTo({ url: to(page, query), complete: () => resolve() })
  })
}

/** Back where there is a page behind this one, else home: a page opened from a poster has none. */
export function back(): void {
  if (getCurrentPages().length > 1) uni.navigateBack()
  else uni.reLaunch({ url: to('home') })
}

/** Follow an address of ours as the server writes it: `/gift?code=…` is a page of this client in WeChat too. */
export function follow(link: string): void {
  let url = link
  // #ifndef H5
  const [path, query] = link.split('?')
  url = to(path.slice(1) as PageName) + (query ? `?${query}` : '')
  // #endif
  uni.navigateTo({ url })
}
