/** Taking a photo and handing it to the server. */
import { deskHeaders } from './deskSession'
import type { Media } from './deskTypes'
import { address } from './platform'
import { Problem, problemFrom } from './problem'

/** A photo on this phone; `preview` can be shown at once. */
export interface Chosen { preview: string; file?: Blob }

const UPLOAD_URL = '/api/v1/desk/media'
const UPLOAD_MS = 90_000

function read(status: number, text: string): Media {
  let body: unknown = null
  try {
    body = JSON.parse(text)
  } catch {
    // Not an answer of ours: a page of some gateway in between.
  }
  const media = body as Media | null
  if (status >= 200 && status < 300 && media && media.code) return media
  throw problemFrom(status >= 400 ? status : 502, body)
}

// #ifdef H5
const SIDE_MAX = 2000
const QUALITY = 0.85

/** Make a camera's picture small before it goes over a village's network; what cannot be read goes as it is. */
async function smaller(file: Blob, preview: string): Promise<Blob> {
  const picture = new Image()
  picture.src = preview
  try {
    await picture.decode()
  } catch {
    return file
  }
  const longest = Math.max(picture.naturalWidth, picture.naturalHeight)
  if (longest <= SIDE_MAX && file.type === 'image/jpeg') return file
  const scale = Math.min(1, SIDE_MAX / longest)
  const canvas = document.createElement('canvas')
  canvas.width = Math.round(picture.naturalWidth * scale)
  canvas.height = Math.round(picture.naturalHeight * scale)
  const pen = canvas.getContext('2d')
  if (!pen) return file
  pen.fillStyle = '#fff'
  pen.fillRect(0, 0, canvas.width, canvas.height)
  pen.drawImage(picture, 0, 0, canvas.width, canvas.height)
  return new Promise((resolve) => canvas.toBlob((made) => resolve(made ?? file), 'image/jpeg', QUALITY))
}

/** The browser's own file field: it offers the camera and the album, and costs the first page nothing. */
function chooseInBrowser(): Promise<Chosen | null> {
  return new Promise((resolve) => {
    const field = document.createElement('input')
    field.type = 'file'
    field.accept = 'image/*'
    field.addEventListener('change', () => {
      const file = field.files?.[0]
      resolve(file ? { file, preview: URL.createObjectURL(file) } : null)
    })
    field.addEventListener('cancel', () => resolve(null))
    field.click()
  })
}

async function uploadInBrowser(chosen: Chosen, tell: (percent: number) => void): Promise<Media> {
  const form = new FormData()
  form.append('file', await smaller(chosen.file as Blob, chosen.preview), 'photo.jpg')
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest()
    request.open('POST', address(UPLOAD_URL))
    request.timeout = UPLOAD_MS
    request.setRequestHeader('X-Requested-With', 'happy-home')
    request.setRequestHeader('Accept', 'application/json')
    request.upload.onprogress = ({ loaded, total }) => tell(total ? Math.floor((loaded * 100) / total) : 0)
    request.onload = () => {
      try {
        resolve(read(request.status, request.responseText))
      } catch (problem) {
        reject(problem)
      }
    }
    request.ontimeout = () => reject(new Problem('timeout', 'TIMEOUT'))
    request.onerror = () => reject(new Problem('offline', 'UNREACHABLE'))
    request.send(form)
  })
}
// #endif

// #ifndef H5
function chooseInWeChat(): Promise<Chosen | null> {
  return new Promise((resolve) => {
    uni.chooseImage({
      count: 1,
      sizeType: ['compressed'],
      success: ({ tempFilePaths }) => resolve({ preview: tempFilePaths[0] }),
      fail: () => resolve(null),
    })
  })
}

function uploadInWeChat(chosen: Chosen, tell: (percent: number) => void): Promise<Media> {
  return new Promise((resolve, reject) => {
    const task = uni.uploadFile({
      url: address(UPLOAD_URL),
      filePath: chosen.preview,
      name: 'file',
      timeout: UPLOAD_MS,
      header: { 'X-Requested-With': 'happy-home', Accept: 'application/json', ...deskHeaders() },
      success: ({ statusCode, data }) => {
        try {
          resolve(read(statusCode, data))
        } catch (problem) {
          reject(problem)
        }
      },
      fail: () => reject(new Problem('offline', 'UNREACHABLE')),
    })
    task.onProgressUpdate(({ progress }) => tell(progress))
  })
}
// #endif

/** Let a person take or choose one photo; null when they thought better of it. */
export function choosePhoto(): Promise<Chosen | null> {
  // #ifdef H5
  return chooseInBrowser()
  // #endif
  // #ifndef H5
  return chooseInWeChat()
  // #endif
}

export function uploadPhoto(chosen: Chosen, tell: (percent: number) => void): Promise<Media> {
  // #ifdef H5
  return uploadInBrowser(chosen, tell)
  // #endif
  // #ifndef H5
  return uploadInWeChat(chosen, tell)
  // #endif
}

/** The source of a picture that only staff may see: a browser sends its cookie, WeChat needs the token by hand. */
export function deskPicture(path: string): Promise<string> {
  // #ifdef H5
  return Promise.resolve(address(path))
  // #endif
  // #ifndef H5
  return new Promise((resolve) => {
    uni.request({
      url: address(path),
      header: deskHeaders(),
      responseType: 'arraybuffer',
      success: ({ statusCode, data }) =>
        resolve(statusCode === 200 ? `data:image/${path.includes('.png') ? 'png' : 'jpeg'};base64,${uni.arrayBufferToBase64(data as ArrayBuffer)}` : ''),
      fail: () => resolve(''),
    })
  })
  // #endif
}
