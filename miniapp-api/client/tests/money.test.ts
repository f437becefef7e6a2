/** Money is whole fen: what a person writes becomes fen without a float, and back. */
import { describe, expect, it } from 'vitest'
import { AMOUNT_FEN_MAX, parseYuan, percent, plain, yuan } from '@/services/money'

describe('fen become yuan', () => {
  it.each([
    [0, '¥0', 'nothing'],
    [1, '¥0.01', 'the smallest gift'],
    [29, '¥0.29', 'a float would say 0.28999'],
    [1999, '¥19.99', 'two decimals stay'],
    [5000, '¥50', 'whole yuan carry no decimals'],
    [5010, '¥50.10', 'a single decimal is filled up'],
    [85012345, '¥850,123.45', 'thousands are grouped'],
    [100000000, '¥1,000,000', 'twice grouped'],
    [-5000, '-¥50', 'what went back'],
  ])('%i fen are %s: %s', (fen, text) => {
    expect(yuan(fen)).toBe(text)
  })

  it('prints chips without the sign', () => {
    expect(plain(20000)).toBe('200')
  })
})

describe('yuan become fen', () => {
  it.each([
    ['19.99', 1999, 'no float in between'],
    ['0.29', 29, 'not 28'],
    ['20', 2000, 'whole yuan'],
    ['20.', 2000, 'a point typed too early'],
    ['20.5', 2050, 'one decimal'],
    [' 1,000 ', 100000, 'blanks and commas'],
    ['¥50', 5000, 'with the sign'],
    ['50元', 5000, 'with the unit'],
    ['２０．５', 2050, 'a Chinese keyboard'],
    ['5000000', AMOUNT_FEN_MAX, 'the largest gift'],
  ])('%s is %i fen: %s', (text, fen) => {
    expect(parseYuan(text)).toEqual({ fen })
  })

  it.each([
    ['', 'empty', 'nothing written'],
    ['  ', 'empty', 'only blanks'],
    ['19.999', 'too_fine', 'three decimals are refused, never rounded'],
    ['0', 'zero', 'nothing given'],
    ['0.00', 'zero', 'nothing given, in more words'],
    ['-5', 'not_a_number', 'below zero'],
    ['1e5', 'not_a_number', 'the writing of machines'],
    ['五十', 'not_a_number', 'words'],
    ['1.2.3', 'not_a_number', 'two points'],
    ['5000000.01', 'too_much', 'one fen above the limit'],
    ['9999999999999', 'not_a_number', 'longer than any amount'],
  ])('%s is refused as %s: %s', (text, fault) => {
    expect(parseYuan(text)).toEqual({ fault })
  })
})

describe('how far a collection is', () => {
  it.each([
    [2694700, 4800000, 56],
    [4799999, 4800000, 99],
    [4800000, 4800000, 100],
    [9600000, 4800000, 200],
    [100, 0, 0],
  ])('%i of %i is %i per cent', (part, whole, reached) => {
    expect(percent(part, whole)).toBe(reached)
  })
})
