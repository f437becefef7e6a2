/** The part of uni-app that the services call, small enough to see through. */
import { beforeEach, vi } from 'vitest'
import { kept, uniWorld } from './uni-world'

vi.stubGlobal('uni', uniWorld)
vi.stubGlobal('getCurrentPages', () => [])
beforeEach(() => {
  kept.clear()
  uniWorld.request.mockReset()
})
