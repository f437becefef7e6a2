/** H5 only: fetch the other pages once the person does something, so that a weak network is met early. */

interface Route { path: string; loader: () => Promise<unknown> }

export function fetchAheadOnFirstTouch(): void {
  const fetchAll = (): void => {
    removeEventListener('pointerdown', fetchAll)
    removeEventListener('keydown', fetchAll)
    const routes = (window as unknown as { __uniRoutes: Route[] }).__uniRoutes
    const own = routes.filter((route) => !route.path.startsWith('/desk'))
    // A page that does not arrive now is asked for again when it is opened.
    own.forEach((route) => route.loader().catch(() => undefined))
  }
  addEventListener('pointerdown', fetchAll)
  addEventListener('keydown', fetchAll)
}
