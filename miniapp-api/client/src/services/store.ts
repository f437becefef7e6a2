/** Small things kept on the device. A phone that refuses storage loses comfort, never function. */

function read<T>(key: string, otherwise: T): T {
  try {
    const kept: unknown = uni.getStorageSync(key)
    return kept === '' || kept === undefined || kept === null ? otherwise : (kept as T)
  } catch {
    return otherwise
  }
}

function write(key: string, value: unknown): void {
  try {
    uni.setStorageSync(key, value)
  } catch {
    // Private windows refuse storage; the choice then lasts as long as the page.
  }
}

function drop(key: string): void {
  try {
    uni.removeStorageSync(key)
  } catch {
    // Nothing was kept, so nothing needs to go.
  }
}

export const store = { read, write, drop }
