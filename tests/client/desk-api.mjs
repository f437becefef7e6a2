/** A cadre at the desk without a screen: what a test needs done there when the desk itself is not its subject. */
import { randomUUID } from 'node:crypto'
import { persists } from './patience.mjs'

export const PASSWORD = 'xingfu-jiayuan'

/** Log in over HTTP, as the page does. */
export async function atDesk(world, login) {
  let cookie = ''
  const call = async (method, place, body) => {
    const headers = { 'X-Requested-With': 'happy-home', 'Content-Type': 'application/json', 'Idempotency-Key': randomUUID(), Cookie: cookie }
    const answer = await persists(() => fetch(`${world.url}/api/v1${place}`, { method, headers, body: body && JSON.stringify(body) }))
    if (!answer.ok) throw new Error(`${method} ${place} answered ${answer.status}: ${await answer.text()}`)
    const [set] = answer.headers.getSetCookie()
    if (set) cookie = set.split(';')[0]
    return answer.json()
  }
  await call('POST', '/desk/session', { login, password: PASSWORD })
  const projectCalled = async (title) => (await call('GET', '/desk/projects')).items.find((one) => one.title === title)

  return {
    call,
    projectCalled,
    /** The picture of a new poster. Where it leads is in the picture; `code` is what the desk stops it by. */
    async poster(title) {
      const project = await projectCalled(title)
      const { link } = await call('POST', `/desk/projects/${project.code}/posters`, { place: '村口小卖部' })
      const drawn = await persists(() => fetch(world.url + link.poster_url))
      return { code: link.code, picture: Buffer.from(await drawn.arrayBuffer()) }
    },
    stop: (poster) => call('POST', `/desk/links/${poster.code}/revocation`, { reason: '海报被人换掉了' }),
  }
}
