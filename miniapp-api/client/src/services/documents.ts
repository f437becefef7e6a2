/** Papers to keep: a PDF that the server draws for this person. */
import { headersFor } from './http'
import { address } from './platform'

/** Open a PDF; answers false where that cannot be done. A browser shows it, WeChat fetches and then shows it. */
export function openPaper(path: string): Promise<boolean> {
  // #ifdef H5
  location.assign(address(path))
  return Promise.resolve(true)
  // #endif
  // #ifndef H5
  return new Promise((resolve) => {
    uni.downloadFile({
      url: address(path),
      header: headersFor('GET', {}),
      fail: () => resolve(false),
      success: ({ statusCode, tempFilePath }) => {
        if (statusCode !== 200) return resolve(false)
        uni.openDocument({
          filePath: tempFilePath,
          fileType: 'pdf',
          showMenu: true,
          success: () => resolve(true),
          fail: () => resolve(false),
        })
      },
    })
  })
  // #endif
}
