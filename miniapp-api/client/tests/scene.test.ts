/** What a scanned code hands over is read in both wrappings, and nothing else is taken for a code of ours. */
import { describe, expect, it } from 'vitest'
import { codeOf } from '@/services/scene'

const code = '1abcdefghijKLMNOPQR-_st'

describe('a scanned code', () => {
  it.each([
    ['the scene of a round code', { scene: code }, code],
    ['a scene as WeChat escapes it', { scene: encodeURIComponent(code) }, code],
    ['the address of a QR code that the mini-program opens', { q: encodeURIComponent(`https://village.example/s/${code}`) }, code],
    ['an address with more behind it', { q: encodeURIComponent(`https://village.example/s/${code}?x=1#y`) }, code],
    ['nothing', {}, ''],
    ['another address', { q: encodeURIComponent('https://village.example/project?code=P') }, ''],
    ['a broken escape', { scene: '%E4%' }, ''],
    ['too few characters', { scene: code.slice(1) }, ''],
    ['characters that no code has', { scene: `${code.slice(0, 22)}/` }, ''],
  ])('%s', (_what, query, expected) => {
    expect(codeOf(query)).toBe(expected)
  })
})
