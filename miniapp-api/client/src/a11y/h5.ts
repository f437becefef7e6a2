/** H5 only: uni-app's elements carry no roles, and their inner controls no names. This gives them both. */

const PRESSABLE = 'uni-button,[role="button"],[role="radio"],[role="checkbox"],[role="link"]'
const NAMES = ['aria-label', 'aria-describedby', 'aria-invalid', 'aria-required', 'autocomplete', 'role', 'id']

function passInside(host: Element, tag: string): void {
  const inner = host.querySelector(tag)
  for (const name of inner ? NAMES : []) {
    const value = host.getAttribute(name)
    if (value === null || inner?.getAttribute(name) === value) continue
    inner?.setAttribute(name, value)
    host.removeAttribute(name)
  }
}

function name(root: ParentNode): void {
  root.querySelectorAll('uni-button').forEach((button) => {
    if (!button.hasAttribute('role')) button.setAttribute('role', 'button')
    const off = button.hasAttribute('disabled') && button.getAttribute('disabled') !== 'false'
    button.setAttribute('tabindex', off ? '-1' : '0')
    button.setAttribute('aria-disabled', String(off))
  })
  root.querySelectorAll('uni-image').forEach((image) => {
    image.querySelector('img')?.setAttribute('alt', image.getAttribute('alt') ?? '')
  })
  root.querySelectorAll('uni-input').forEach((host) => passInside(host, 'input'))
  root.querySelectorAll('uni-textarea').forEach((host) => passInside(host, 'textarea'))
  root.querySelectorAll('uni-navigator').forEach((host) => passInside(host, 'a'))
}

function press(event: KeyboardEvent): void {
  const target = event.target as HTMLElement
  if ((event.key !== 'Enter' && event.key !== ' ') || !target.matches(PRESSABLE)) return
  event.preventDefault()
  target.click()
}

export function giveNames(): void {
  let due = false
  const later = (): void => {
    if (due) return
    due = true
    requestAnimationFrame(() => {
      due = false
      name(document)
    })
  }
  const watched = ['aria-label', 'aria-invalid', 'aria-describedby', 'alt', 'disabled']
  new MutationObserver(later).observe(document.body, { childList: true, subtree: true, attributes: true, attributeFilter: watched })
  document.addEventListener('keydown', press)
  name(document)
}
