/** The safety of one's own account at the desk: second factor, password, and the devices where it is at work. */
import { atDesk } from './deskSession'

export interface Factor { is_on: boolean; is_required: boolean; recovery_codes_left: number }
export interface NewFactor { secret: string; picture: string }
export interface WorkPlace { code: string; device: string; opened_at: string; seen_at: string; is_this: boolean }

export const factor = () => atDesk<Factor>('GET', '/desk/factor')
export const beginFactor = () => atDesk<NewFactor>('POST', '/desk/factor')
export const confirmFactor = (code: string) =>
  atDesk<{ recovery_codes: string[] }>('POST', '/desk/factor/confirmation', { body: { code } })
export const removeFactor = (password: string, code: string) =>
  atDesk<Factor>('POST', '/desk/factor/removal', { body: { password, code } })
export const changePassword = (password: string, new_password: string, code: string) =>
  atDesk('POST', '/desk/password', { body: code ? { password, new_password, code } : { password, new_password } })
export const workPlaces = () => atDesk<{ items: WorkPlace[] }>('GET', '/desk/sessions')
export const endWorkPlace = (code: string) => atDesk('DELETE', `/desk/sessions/${encodeURIComponent(code)}`)
