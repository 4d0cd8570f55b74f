/**
 * The playhead: a moment of placed time that stands, or goes on with the monotonic clock. Pure; `nowMs` is that clock.
 *
 * It can be held while it plays: what is to be shown is not there yet. Backwards its rate is negative.
 */

export class Playhead {
  private fromMs: number
  private sinceMs = 0
  private speed: number | null = null
  private heldNow = false

  constructor(atMs: number) {
    this.fromMs = atMs
  }

  at(nowMs: number): number {
    return this.speed === null || this.heldNow ? this.fromMs : this.fromMs + (nowMs - this.sinceMs) * this.speed
  }

  /** Null: it stands, as somebody wished. */
  get rate(): number | null {
    return this.speed
  }

  get held(): boolean {
    return this.heldNow
  }

  play(rate: number, nowMs: number): void {
    this.rebase(nowMs)
    this.speed = rate
  }

  pause(nowMs: number): void {
    this.rebase(nowMs)
    this.speed = null
    this.heldNow = false
  }

  hold(held: boolean, nowMs: number): void {
    if (held === this.heldNow) return
    this.rebase(nowMs)
    this.heldNow = held
  }

  seek(toMs: number, nowMs: number): void {
    this.fromMs = toMs
    this.sinceMs = nowMs
  }

  private rebase(nowMs: number): void {
    this.fromMs = this.at(nowMs)
    this.sinceMs = nowMs
  }
}
