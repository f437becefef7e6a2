/** The desk's part of the contract with the server, one function a route. */
import { atDesk, deed } from './deskSession'
import type * as desk from './deskTypes'
import type { Activity, List, ProjectCard } from './types'

const at = encodeURIComponent
type Cursor = string | null

export const projects = (cursor: Cursor = null) => atDesk<List<ProjectCard>>('GET', '/desk/projects', { query: { cursor } })
export const organisations = () => atDesk<{ items: desk.DeskOrganisation[] }>('GET', '/desk/organisations')
export const publish = (form: desk.ProjectForm) => deed<ProjectCard>('publish', '/desk/projects', form)
export const endProject = (code: string) => deed<object>(`end:${code}`, `/desk/projects/${at(code)}/end`)
export const closeProject = (code: string) => deed<object>(`close:${code}`, `/desk/projects/${at(code)}/close`)

export const recordSpending = (code: string, form: desk.SpendingForm) =>
  deed<desk.DeskSpending>(`spend:${code}`, `/desk/projects/${at(code)}/spending`, form)
export const correctSpending = (line: string, form: desk.CorrectionForm) =>
  deed<object>(`correct:${line}`, `/desk/spending/${at(line)}/corrections`, form)
export const postProgress = (code: string, form: desk.ProgressForm) =>
  deed<object>(`progress:${code}`, `/desk/projects/${at(code)}/progress`, form)

export const posters = (code: string) => atDesk<{ items: desk.Poster[] }>('GET', `/desk/projects/${at(code)}/posters`)
export const makePoster = (code: string, place: string) =>
  deed<{ link: desk.Poster }>(`poster:${code}`, `/desk/projects/${at(code)}/posters`, { place })
export const revokeLink = (code: string, reason: string) =>
  deed<object>(`revoke:${code}`, `/desk/links/${at(code)}/revocation`, { reason })

export const activities = (cursor: Cursor = null) => atDesk<List<Activity>>('GET', '/desk/activities', { query: { cursor } })
export const openActivity = (form: desk.ActivityForm) => deed<Activity>('activity', '/desk/activities', form)
export const cancelActivity = (code: string, reason: string) =>
  deed<Activity>(`cancel:${code}`, `/desk/activities/${at(code)}/cancellation`, { reason })
export const liveCode = (code: string) => atDesk<desk.LiveCode>('GET', `/desk/activities/${at(code)}/code`)
export const roll = (code: string) => atDesk<{ items: desk.RollLine[] }>('GET', `/desk/activities/${at(code)}/roll`)
export const confirmMinutes = (code: string, form: desk.ConfirmationForm) =>
  deed<object>(`confirm:${code}:${form.person_code}`, `/desk/activities/${at(code)}/confirmations`, form)

export const payouts = (cursor: Cursor = null) => atDesk<List<desk.Payout>>('GET', '/desk/payouts', { query: { cursor } })
export const proposePayout = (project_code: string, amount_fen: number) =>
  deed<desk.Payout>(`payout:${project_code}`, '/desk/payouts', { project_code, amount_fen })
export const approvePayout = (code: string) => deed<desk.Payout>(`approve:${code}`, `/desk/payouts/${at(code)}/approvals`)
export const withdrawPayout = (code: string) => deed<desk.Payout>(`withdraw:${code}`, `/desk/payouts/${at(code)}/withdrawal`)
export const refusePayout = (code: string, reason: string) =>
  deed<desk.Payout>(`refuse:${code}`, `/desk/payouts/${at(code)}/refusal`, { reason })

export const refunds = (wanted: desk.RefundsWanted) => (cursor: Cursor = null) =>
  atDesk<List<desk.DeskRefund>>('GET', '/desk/refunds', { query: { wanted, cursor } })
export const askRefund = (form: desk.RefundForm) => deed<desk.DeskRefund>(`ask-refund:${form.gift_code}`, '/desk/refunds', form)
export const approveRefund = (code: string) => deed<desk.DeskRefund>(`approve-refund:${code}`, `/desk/refunds/${at(code)}/approvals`)
export const refuseRefund = (code: string, reason: string) =>
  deed<desk.DeskRefund>(`refuse-refund:${code}`, `/desk/refunds/${at(code)}/refusal`, { reason })
export const askProvider = (code: string) => deed<desk.DeskRefund>(`question:${code}`, `/desk/refunds/${at(code)}/questions`)
/** Not a deed: those keep what they send on the phone until it is answered, and a card is kept nowhere. */
export const enterCard = (code: string, body: desk.CardForm, key: string) =>
  atDesk<desk.DeskRefund>('POST', `/desk/refunds/${at(code)}/cards`, { body, key })
export const confirmCard = (code: string, card_code: string) =>
  deed<desk.DeskRefund>(`card-confirm:${card_code}`, `/desk/refunds/${at(code)}/card-confirmation`, { card_code })
export const withdrawCard = (code: string, card_code: string) =>
  deed<desk.DeskRefund>(`card-withdraw:${card_code}`, `/desk/refunds/${at(code)}/card-withdrawal`, { card_code })

export const unallocated = (cursor: Cursor = null) =>
  atDesk<List<desk.WaitingMoney>>('GET', '/desk/unallocated', { query: { cursor } })
export const reallocate = (reference: string, project_code: string) =>
  deed<object>(`reallocate:${reference}`, `/desk/unallocated/${at(reference)}/reallocations`, { project_code })

export const heldWords = (cursor: Cursor = null) => atDesk<List<desk.HeldWords>>('GET', '/desk/words', { query: { cursor } })
export const approveWords = (code: string, version: number) =>
  deed<object>(`words-show:${code}`, `/desk/words/${at(code)}/approval`, { version })
export const rejectWords = (code: string, version: number, reason: string) =>
  deed<object>(`words-hide:${code}`, `/desk/words/${at(code)}/rejection`, { version, reason })
