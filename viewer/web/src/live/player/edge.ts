/**
 * Where the player should stand behind the live edge, and how it gets there: by a playback rate
 * nobody notices, by waiting, and only when far behind by a jump.
 *
 * The measure is earliness: presentation time of an arriving picture minus the time on the screen.
 * Its minimum over two seconds says how much arrival jitter the buffer has left, at any picture rate
 * and without knowing the link: steady links earn a short buffer, bad ones a longer one.
 *
 * `buffered` cannot tell the live edge here, because `fragment.ts` stretches every sample to one
 * second; the newest presentation time does. Pure: times and positions come in, a step goes out.
 */

export interface TimeRange {
  readonly start: number
  readonly end: number
}

export interface Step {
  readonly rate: number
  /** New position, or null to stay. */
  readonly jumpTo: number | null
}

const LOW_S = 0.1 // decoding and drawing one picture in software fits into it
const AIM_S = 0.2
const HIGH_S = 0.35
const FAR_S = 0.7
const JUMP_S = 3.0 // catching up three seconds gently takes half a minute: longer is not live
const OPENING_JUMP_S = 0.6 // at the start the cached GOP lies before the live edge, up to some seconds
const OPENING_MS = 1_500
const WINDOW_MS = 2_000
const STEP_MAX_S = 0.5 // 2 pictures a second; a longer pause is a hole, not a rate
const STEPS_KEPT = 8

const SLOW = 0.95
const FAST = 1.05
const FASTEST = 1.1 // pitch-corrected speech is still easy to follow at this rate

export class LiveEdge {
  private newest = Number.NEGATIVE_INFINITY
  private steps: number[] = []
  private arrivals: { atMs: number; earliness: number }[] = []
  private rate = 1
  private openedMs: number | null = null

  /** Pictures from `firstPts` to `lastPts` were appended while `position` was on the screen. */
  arrived(nowMs: number, position: number, firstPts: number, lastPts: number): void {
    this.openedMs ??= nowMs
    if (lastPts > this.newest) {
      if (Number.isFinite(this.newest)) {
        this.steps.push(Math.min(lastPts - this.newest, STEP_MAX_S))
        if (this.steps.length > STEPS_KEPT) this.steps.shift()
      }
      this.newest = lastPts
    }
    this.arrivals.push({ atMs: nowMs, earliness: firstPts - position })
  }

  /** The newest presentation time; what comes next continues there. */
  get edge(): number {
    return this.newest
  }

  /** When, at the given rate, the clock runs past the last picture; milliseconds from now. */
  msUntilEmpty(position: number, rate: number): number {
    return Math.max(0, ((this.newest + this.pictureStep() - position) / rate) * 1_000)
  }

  /** While somebody listens, only what cannot wait is corrected: each change of rate is heard for a second. */
  decide(nowMs: number, position: number, ranges: readonly TimeRange[], listening = false): Step {
    if (!Number.isFinite(this.newest)) return { rate: 1, jumpTo: null }
    const stranded = this.strandedBefore(position, ranges)
    if (stranded !== null) return this.jump(Math.max(stranded.start, Math.min(this.newest - AIM_S, stranded.end)))
    if (position >= this.newest + this.pictureStep()) return { rate: 0, jumpTo: null } // every picture is shown: wait

    this.forget(nowMs)
    const spare = this.spare()
    if (spare === null) return { rate: this.rate, jumpTo: null }
    const opening = this.openedMs !== null && nowMs - this.openedMs < OPENING_MS
    const behind = this.newest - position
    if (spare > JUMP_S || (opening && behind > OPENING_JUMP_S)) return this.jump(this.newest - AIM_S)
    this.rate = this.nextRate(spare, behind, listening)
    return { rate: this.rate, jumpTo: null }
  }

  /** Another connection or stream follows on: it begins with pictures from before its live edge. */
  reopen(): void {
    this.arrivals = []
    this.rate = 1
    this.openedMs = null
  }

  /** The buffer was thrown away: forget all that was known of it. */
  reset(): void {
    this.reopen()
    this.newest = Number.NEGATIVE_INFINITY
    this.steps = []
  }

  private nextRate(spare: number, behind: number, listening: boolean): number {
    if (spare > FAR_S) return listening ? FAST : FASTEST
    if (spare > HIGH_S && !listening) return FAST
    // After a burst the first pictures of it were late and the last are far ahead: there is enough.
    const enough = behind > HIGH_S + this.pictureStep()
    if (spare < LOW_S) return enough ? 1 : SLOW
    // Hysteresis: a correction runs on until the aim is reached.
    if (this.rate > 1 && spare > AIM_S) return FAST
    if (this.rate < 1 && spare < AIM_S && !enough) return SLOW
    return 1
  }

  private jump(to: number): Step {
    this.arrivals = []
    this.rate = 1
    return { rate: 1, jumpTo: to }
  }

  /** The range to go on in, when the position lies in a hole with media after it. */
  private strandedBefore(position: number, ranges: readonly TimeRange[]): TimeRange | null {
    const last = ranges[ranges.length - 1]
    if (last === undefined || position >= last.start) return null
    const inside = ranges.some((range) => position >= range.start && position < range.end - STRANDED_S)
    return inside ? null : last
  }

  private spare(): number | null {
    let least: number | null = null
    for (const { earliness } of this.arrivals) if (least === null || earliness < least) least = earliness
    return least
  }

  private forget(nowMs: number): void {
    while (this.arrivals.length > 0 && nowMs - (this.arrivals[0]?.atMs ?? nowMs) > WINDOW_MS) this.arrivals.shift()
  }

  private pictureStep(): number {
    return this.steps.length === 0 ? 0 : Math.max(...this.steps)
  }
}

const STRANDED_S = 0.05 // the clock stops a little before the end of a range
