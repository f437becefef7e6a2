/**
 * Somebody who pulls plugs: every few seconds a process of the server dies at once, now and then the scheduler too.
 * He waits until the last one has been replaced: a machine that is slow has more of his patience, never a server of none.
 */
import { setTimeout as pause } from 'node:timers/promises'

const EVERY_MS = [3000, 5500]
const SCHEDULER_EACH = 4

export class Killer {
  constructor(world, dice) {
    Object.assign(this, { world, dice, workers: 0, schedulers: 0, isPaused: false, isDone: false })
    this.work = this.goOn()
  }

  async goOn() {
    for (;;) {
      await pause(this.dice.between(...EVERY_MS))
      if (this.isDone) return
      if (this.isPaused || (this.world.workers().length && !this.world.areUp())) continue
      this.acting = this.strike()
      await this.acting
    }
  }

  async strike() {
    await this.world.killWorker()
    this.workers += 1
    if (this.workers % SCHEDULER_EACH) return
    await this.world.killScheduler()
    this.schedulers += 1
    this.world.schedule()
  }

  /** Nobody dies while `act` is done. */
  async spares(act) {
    this.isPaused = true
    await this.acting
    await act()
    this.isPaused = false
  }

  async end() {
    this.isDone = true
    await this.work
  }
}
