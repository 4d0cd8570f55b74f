/* Hands on what comes in a rush together: each time the page is drawn anew costs the same, for one message or a hundred,
   and 200 devices that come and go bring a thousand a second. What comes alone is handed on at once. */

export const BATCH_MS = 100 // nobody sees ten times a second as late
export const BATCH_MAX = 1_000 // timers of a page that is not looked at come once a minute: what waits has a bound

export interface Clock {
  now(): number
  setTimer(callback: () => void, delayMs: number): number
  clearTimer(timer: number): void
}

export class Batches<T> {
  private waiting: T[] = []
  private timer: number | null = null
  private handedOn = -Infinity
  private drops = 0

  /** A batch ends where it is dropped while it is gone through. */
  constructor(
    private readonly clock: Clock,
    private readonly onBatch: (items: Iterable<T>) => void,
  ) {}

  put(item: T): void {
    this.waiting.push(item)
    const wait = this.handedOn + BATCH_MS - this.clock.now()
    if (wait <= 0 || this.waiting.length >= BATCH_MAX) this.handOn()
    else this.timer ??= this.clock.setTimer(() => this.handOn(), wait)
  }

  /** Nobody is there any more for what waits, nor for the rest of a batch that is being handed on. */
  drop(): void {
    this.drops += 1
    this.taken()
  }

  /** What waits is needed now. */
  handOn(): void {
    this.handedOn = this.clock.now()
    this.onBatch(this.untilDropped(this.taken()))
  }

  private *untilDropped(items: readonly T[]): Generator<T> {
    const drops = this.drops
    for (const item of items) {
      if (this.drops !== drops) return
      yield item
    }
  }

  private taken(): readonly T[] {
    if (this.timer !== null) this.clock.clearTimer(this.timer)
    this.timer = null
    const items = this.waiting
    this.waiting = []
    return items
  }
}
