/* Ends the session of somebody who has left the computer. The server counts requests, and the lists of this page
   renew themselves by requests: so the page watches the person. Tabs share one memory of the last sign of life. */

const SIGNS = ['pointerdown', 'pointermove', 'keydown', 'wheel', 'touchstart'] as const
const NOTE_MS = 5_000 // how often a sign is noted, at most
const CHECK_MS = 15_000
export const IDLE_MS = 15 * 60_000 // as the server's own limit

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
    return this.environment.now() - Math.max(this.noted, this.environment.read()) > IDLE_MS
  }
}

const STORAGE_KEY = 'mingjing.active_at'

/** Watches until the returned function is called; `left` is called once. */
export function watchIdleness(left: () => void): () => void {
  const watch = new IdleWatch({
    now: () => Date.now(),
    read: () => Number(localStorage.getItem(STORAGE_KEY) ?? 0),
    note: (atMs) => localStorage.setItem(STORAGE_KEY, String(atMs)),
  })
  const sign = (): void => watch.sign()
  for (const name of SIGNS) window.addEventListener(name, sign, { passive: true })
  const timer = window.setInterval(() => {
    if (!watch.over) return
    stop()
    left()
  }, CHECK_MS)
  function stop(): void {
    window.clearInterval(timer)
    for (const name of SIGNS) window.removeEventListener(name, sign)
  }
  return stop
}
