/**
 * How late the picture on the screen is, without believing the office PC's wall clock.
 *
 * Two facts bound the distance between the server's UTC and this browser's monotonic clock. Nothing
 * arrives before the server had it, so every `prft` (receive time at the server) and every server
 * time in a message bounds it from below; an answer was written after the question was asked, so
 * every exchange bounds it from above. The truth lies between; with no exchange yet the lower bound
 * is taken, and the latency shown is then too small by the fastest way from the server.
 *
 * Bounds are forgotten after one to two windows, so that clock drift (100 ppm is 30 ms in five
 * minutes) does not build up, and at once when they contradict each other: then a clock was set.
 */

const WINDOW_MS = 300_000
const CONTRADICTION_MS = 100 // bounds may cross by drift within a window; by more only when a clock was set

export class ServerClock {
  private readonly low = new WindowedExtreme(Math.max)
  private readonly high = new WindowedExtreme(Math.min)

  /** Bytes carrying the server's time `serverMs` arrived at `arrivedMs` (performance.now()). */
  observeArrival(arrivedMs: number, serverMs: number): void {
    if (!Number.isFinite(serverMs)) return
    this.low.add(arrivedMs, serverMs - arrivedMs)
    if (this.contradictory()) this.high.clear()
  }

  /** A question left at `sentMs`; its answer carries `serverMs` and came at `arrivedMs`. */
  observeExchange(sentMs: number, arrivedMs: number, serverMs: number): void {
    if (!Number.isFinite(serverMs)) return
    this.addBounds(arrivedMs, serverMs - arrivedMs, serverMs - sentMs)
    if (!this.contradictory()) return
    this.low.clear()
    this.high.clear()
    this.addBounds(arrivedMs, serverMs - arrivedMs, serverMs - sentMs)
  }

  /** The server's UTC in milliseconds at `clientMs`, or null before anything was observed. */
  serverMs(clientMs: number): number | null {
    const low = this.low.value
    const high = this.high.value
    if (low === null) return null
    return clientMs + (high === null ? low : Math.max(low, (low + high) / 2))
  }

  /** How far `serverMs` can be off, in milliseconds; null while it is bounded on one side only. */
  uncertaintyMs(): number | null {
    const low = this.low.value
    const high = this.high.value
    return low === null || high === null ? null : Math.max(0, (high - low) / 2)
  }

  private addBounds(nowMs: number, low: number, high: number): void {
    this.low.add(nowMs, low)
    this.high.add(nowMs, high)
  }

  private contradictory(): boolean {
    const low = this.low.value
    const high = this.high.value
    return low !== null && high !== null && low > high + CONTRADICTION_MS
  }
}

/** An extreme value over the last one to two windows, in constant space. */
class WindowedExtreme {
  private current: number | null = null
  private previous: number | null = null
  private startedMs = 0

  constructor(private readonly better: (a: number, b: number) => number) {}

  add(nowMs: number, value: number): void {
    if (this.current === null || nowMs - this.startedMs > WINDOW_MS) {
      this.previous = this.current
      this.current = value
      this.startedMs = nowMs
    } else {
      this.current = this.better(this.current, value)
    }
  }

  get value(): number | null {
    if (this.current === null || this.previous === null) return this.current
    return this.better(this.current, this.previous)
  }

  clear(): void {
    this.current = null
    this.previous = null
  }
}

/** Receive times of the pictures in the buffer, by presentation time: what a shown picture's age is read from. */
export class ReceiveTimes {
  private readonly pts: number[] = []
  private readonly receivedMs: number[] = []

  constructor(private readonly limit = 512) {}

  add(ptsS: number, receivedMs: number): void {
    if (!Number.isFinite(receivedMs)) return
    this.pts.push(ptsS)
    this.receivedMs.push(receivedMs)
    if (this.pts.length > this.limit) {
      this.pts.splice(0, this.limit / 2)
      this.receivedMs.splice(0, this.limit / 2)
    }
  }

  /** Receive time of the picture shown at `mediaTimeS`: the nearest within half a millisecond to a few. */
  at(mediaTimeS: number): number | null {
    let best: number | null = null
    let bestDistance = NEAR_S
    for (let i = this.pts.length - 1; i >= 0; i -= 1) {
      const distance = Math.abs((this.pts[i] ?? Infinity) - mediaTimeS)
      if (distance < bestDistance) {
        bestDistance = distance
        best = this.receivedMs[i] ?? null
      }
    }
    return best
  }

  clear(): void {
    this.pts.length = 0
    this.receivedMs.length = 0
  }
}

const NEAR_S = 0.02 // half a picture at 25 fps: media times are rounded to microseconds
