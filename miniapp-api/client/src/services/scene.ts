/** What a scanned code hands to the page that it opens: our 23 characters, in one of two wrappings. */

export interface Scanned { scene?: string; q?: string }

const CODE = /^[0-9A-Za-z]{11}[0-9A-Za-z_-]{12}$/

/** A stray % is no escape: what cannot be unwrapped stays as it is. */
function unwrapped(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

/**
 * The link's code: the scene of a round code, or the end of the address of a QR code that WeChat opened with the
 * mini-program. Empty when there is none of ours; the server judges what is one.
 */
export function codeOf({ scene, q }: Scanned): string {
  const told = scene ? unwrapped(scene) : (/\/s\/([^/?#]+)/.exec(unwrapped(q ?? ''))?.[1] ?? '')
  return CODE.test(told) ? told : ''
}
