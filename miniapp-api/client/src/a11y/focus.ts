/** H5 only: a new page begins at its title, for those who cannot see that the page has changed. */

let opened = false

export function focusTitle(): void {
  if (!opened) {
    opened = true // The first page is announced by the browser itself.
    return
  }
  requestAnimationFrame(() => {
    const titles = Array.from(document.querySelectorAll<HTMLElement>('.bar-title'))
    titles.find((title) => title.offsetParent !== null)?.focus({ preventScroll: true })
  })
}
