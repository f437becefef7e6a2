/** Throws that a seed repeats: mulberry32, by its public formula. */
export class Dice {
  constructor(seed) {
    this.state = seed >>> 0
  }

  /** A number from 0 up to, not including, 1. */
  next() {
    this.state = (this.state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(this.state ^ (this.state >>> 15), this.state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }

  between(low, high) {
    return low + Math.floor(this.next() * (high - low + 1))
  }

  oneOf(list) {
    return list[this.between(0, list.length - 1)]
  }
}
