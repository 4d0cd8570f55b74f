/**
 * When key pictures were appended, for what may be forgotten of a buffer. Pure.
 *
 * MediaSource removes up to the next key picture, and without one there to the end, and then takes nothing more until one
 * comes. So a long group of pictures is kept until it is over.
 */

const KEPT_MAX = 256 // behind the position are a few seconds: more only where nothing is ever forgotten

export class KeyTimes {
  private times: number[] = []

  add(seconds: number): void {
    this.times.push(seconds)
    if (this.times.length > KEPT_MAX) this.times.shift()
  }

  /** The newest key picture at or before this time: all before it may go. Null where there is none. */
  lastUpTo(seconds: number): number | null {
    let found: number | null = null
    for (const time of this.times) if (time <= seconds && (found === null || time > found)) found = time
    return found
  }

  forgetBefore(seconds: number): void {
    this.times = this.times.filter((time) => time >= seconds)
  }
}
