/** A page's address is whatever somebody sends: it must not reach into the page as attributes. */
/// <reference types="vite/client" />
import { describe, expect, it } from 'vitest'

const PAGES = import.meta.glob<string>('../src/{pages,pages-desk}/*/index.vue', { query: '?raw', import: 'default', eager: true })

describe('an address with ?title=… in it', () => {
  it('is looked at on every page', () => {
    expect(Object.keys(PAGES).length).toBeGreaterThan(25)
  })

  it.each(Object.entries(PAGES))('cannot write the heading of %s', (_name, source) => {
    expect(source).toContain('defineOptions({ inheritAttrs: false })')
  })
})
