/* Ends the session of somebody who has left the computer, and says so before: who only watches a wall moves nothing.
   The server counts for itself, by what it is told of these signs (events/store.ts). Tabs share one memory of the
   last sign of life. */

export const SIGNS = ['pointerdown', 'pointermove', 'keydown', 'wheel', 'touchstart'] as const
const NOTE_MS = 5_000 // how often a sign is noted, at most
const CHECK_MS = 5_000
export const IDLE_MS = 15 * 60_000 // as the server's own limit
/** So long before the end it is said; the server may have heard of the last sign a minute before it was made. */
export const WARNING_MS = 2 * 60_000

export interface IdleEnvironment {
  now(): number
  read(): number
  note(atMs: number): void
}

/** Pure but for what is handed in: how long nobody has done anything. */
export class IdleWatch {
  private noted = 0

  constructor(private readonly environment: IdleEnvironment) {
    this.sign()
  }

  sign(): void {
    const now = this.environment.now()
    if (now - this.noted < NOTE_MS) return
    this.noted = now
    this.environment.note(now)
  }

  get over(): boolean {
    return this.idleMs > IDLE_MS
  }

  get soon(): boolean {
    return this.idleMs > IDLE_MS - WARNING_MS
  }

  private get idleMs(): number {
    return this.environment.now() - Math.max(this.noted, this.environment.read())
  }
}

const STORAGE_KEY = 'mingjing.active_at'

/** Watches until the returned function is called. `left` is called once, `soon` when that is near and when it no longer is. */
export function watchIdleness(left: () => void, soon: (is: boolean) => void): () => void {
  const watch = new IdleWatch({
    now: () => Date.now(),
    read: () => Number(localStorage.getItem(STORAGE_KEY) ?? 0),
    note: (atMs) => localStorage.setItem(STORAGE_KEY, String(atMs)),
  })
  let warned = false
  function warn(is: boolean): void {
    if (is !== warned) soon(is)
    warned = is
  }
  function sign(): void {
    watch.sign()
    if (warned) warn(watch.soon)
  }
  for (const name of SIGNS) window.addEventListener(name, sign, { passive: true })
  const timer = window.setInterval(() => {
    warn(watch.soon)
    if (!watch.over) return
    stop()
    left()
  }, CHECK_MS)
  function stop(): void {
    warn(false)
    window.clearInterval(timer)
    for (const name of SIGNS) window.removeEventListener(name, sign)
  }
  return stop
}
