/** What H5 and the mini-program do differently, in one place. */

let origin = import.meta.env.VITE_API_ORIGIN ?? 'http://127.0.0.1:8000'
// #ifdef H5
origin = ''
// #endif

/** WeChat's own browser says so in its name; the simulator's bridge makes a browser say the same. */
export function inWechat(): boolean {
  let inside = false
  // #ifdef H5
  inside = /MicroMessenger/i.test(navigator.userAgent)
  // #endif
  return inside
}

/** The address of something the server serves; an absolute one stays as it is. */
export function address(path: string): string {
  return path.startsWith('/') ? origin + path : path
}

/** The address as another person can open it, for copying into a chat. */
export function shareable(path: string): string {
  // #ifdef H5
  if (path.startsWith('/')) return location.origin + path
  // #endif
  return address(path)
}

/** The 5:4 picture by which a project or a village stands in a chat. */
export const chatPicture = (kind: 'project' | 'village', code: string) => address(`/api/v1/${kind}s/${code}/message.jpg`)

/** Leave for a page that the server draws itself: payment, receipt, printable notice. */
export function openServerPage(path: string): void {
  // #ifdef H5
  location.assign(address(path))
  // #endif
  // #ifndef H5
  uni.navigateTo({ url: `/pages/web/index?url=${encodeURIComponent(address(path))}` })
  // #endif
}

/** Show a picture as large as the screen, to be pinched and moved. A browser does that by itself. */
export function showPicture(path: string): void {
  // #ifdef H5
  location.assign(address(path))
  // #endif
  // #ifndef H5
  uni.previewImage({ urls: [address(path)] })
  // #endif
}

export async function copyText(text: string): Promise<boolean> {
  // #ifdef H5
  return copyInBrowser(text)
  // #endif
  // #ifndef H5
  return new Promise((resolve) => {
    uni.setClipboardData({ data: text, success: () => resolve(true), fail: () => resolve(false) })
  })
  // #endif
}

// #ifdef H5
/** Plain http has no clipboard in browsers; a hidden field and the old command still work there. */
function copyInBrowser(text: string): boolean {
  const field = document.createElement('textarea')
  field.value = text
  field.setAttribute('readonly', '')
  field.className = 'unseen'
  document.body.appendChild(field)
  field.select()
  const copied = document.execCommand('copy')
  field.remove()
  return copied
}
// #endif

/** Keep a picture on the phone: the album in WeChat, a download in a browser. */
export function savePicture(path: string, name: string): Promise<boolean> {
  // #ifdef H5
  const link = document.createElement('a')
  link.href = address(path)
  link.download = name
  link.click()
  return Promise.resolve(true)
  // #endif
  // #ifndef H5
  return new Promise((resolve) => {
    uni.downloadFile({
      url: address(path),
      fail: () => resolve(false),
      success: ({ tempFilePath }) => {
        uni.saveImageToPhotosAlbum({ filePath: tempFilePath, success: () => resolve(true), fail: () => resolve(false) })
      },
    })
  })
  // #endif
}

/** The six digits in what a camera read: digits alone, or the address in the code that carries them. */
export function sixDigits(scanned: string): string | null {
  const found = /(?:^|[?&](?:c|check)=)(\d{6})(?:$|&)/.exec(scanned.trim())
  return found ? found[1] : null
}

/** Scan with WeChat's camera; a browser has no such thing and answers null. */
export function scanCode(): Promise<string | null> {
  // #ifdef MP-WEIXIN
  return new Promise((resolve) => {
    uni.scanCode({ success: ({ result }) => resolve(sixDigits(result)), fail: () => resolve(null) })
  })
  // #endif
  // #ifndef MP-WEIXIN
  return Promise.resolve(null)
  // #endif
}

/** Run when the network comes or goes. */
export function watchNetwork(tell: (online: boolean) => void): void {
  // #ifdef H5
  tell(navigator.onLine !== false)
  window.addEventListener('online', () => tell(true))
  window.addEventListener('offline', () => tell(false))
  // #endif
  // #ifndef H5
  uni.getNetworkType({ success: ({ networkType }) => tell(networkType !== 'none') })
  uni.onNetworkStatusChange(({ isConnected }) => tell(isConnected))
  // #endif
}
