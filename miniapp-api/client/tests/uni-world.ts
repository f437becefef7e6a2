import { vi } from 'vitest'

export const kept = new Map<string, unknown>()

interface Sent {
  url: string
  method: string
  data?: string
  header: Record<string, string>
  success: (answer: { statusCode: number; data: unknown }) => void
  fail: (error: { errMsg: string }) => void
}

export const uniWorld = {
  request: vi.fn<[sent: Sent], void>(),
  getStorageSync: (key: string) => kept.get(key) ?? '',
  setStorageSync: (key: string, value: unknown) => void kept.set(key, value),
  removeStorageSync: (key: string) => void kept.delete(key),
  navigateTo: vi.fn(),
  redirectTo: vi.fn(),
  reLaunch: vi.fn(),
  getNetworkType: vi.fn(),
  onNetworkStatusChange: vi.fn(),
  getSystemInfoSync: () => ({ statusBarHeight: 20, windowWidth: 375 }),
  getMenuButtonBoundingClientRect: () => ({ left: 281 }),
}

/** The server answers each request in turn; what it was sent is kept for reading. */
export function serverAnswers(...answers: ({ status: number; body?: unknown } | { lost: string })[]): Sent[] {
  const sent: Sent[] = []
  uniWorld.request.mockImplementation((request: Sent) => {
    sent.push(request)
    const answer = answers[Math.min(sent.length, answers.length) - 1]
    if ('lost' in answer) request.fail({ errMsg: answer.lost })
    else request.success({ statusCode: answer.status, data: answer.body })
  })
  return sent
}

export const refusal = (status: number, code: string, more: object = {}) => ({
  status,
  body: { type: 'about:blank', title: code, status, code, detail: '服务器的话', request_id: 'r', retryable: false, ...more },
})
