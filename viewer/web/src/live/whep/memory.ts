/**
 * What is known of where WebRTC does not work, so that nobody waits for it again and again. Pure; one a tab.
 *
 * Blocked is of this computer's network: then no channel is asked until the network is another one. The rest is of a
 * channel: what its stream cannot be, until the stream is another one; what failed, for a while that doubles.
 */

/**
 * Why the picture does not come by WebRTC. codec: the server cannot carry this stream to this browser. blocked: UDP does
 * not come through. sound: only the WebSocket carries the sound that is listened to. none: this browser has no WebRTC.
 */
export type WhyNot = 'codec' | 'blocked' | 'lost' | 'busy' | 'not_sending' | 'refused' | 'sound' | 'none'

const LOST_FIRST_MS = 10_000
const LOST_MAX_MS = 300_000
const SOON_MS = 3_000
const REFUSED_MS = 60_000

interface Entry {
  why: WhyNot
  /** What the server said of a codec: b_frames, profile_not_offered, … */
  detail: string
  stream: string
  notBeforeMs: number
  failures: number
}

export class WhepMemory {
  private blocked = false
  private channels = new Map<string, Entry>()

  mayAsk(channel: string, stream: string, nowMs: number): boolean {
    if (this.blocked) return false
    const known = this.channels.get(channel)
    if (known === undefined) return true
    if (known.stream !== stream) {
      this.channels.delete(channel)
      return true
    }
    return known.why !== 'codec' && nowMs >= known.notBeforeMs
  }

  /** `afterMs` is when a server that takes nobody now said that it will. */
  note(channel: string, stream: string, why: WhyNot, nowMs: number, detail = '', afterMs = 0): void {
    if (why === 'blocked') this.blocked = true
    const before = this.channels.get(channel)
    const failures = before?.stream === stream && before.why === why ? before.failures + 1 : 0
    this.channels.set(channel, { why, detail, stream, failures, notBeforeMs: nowMs + waitMs(why, failures, afterMs) })
  }

  /** Why this channel is not asked now; null where it may be. */
  whyNot(channel: string): { why: WhyNot; detail: string } | null {
    if (this.blocked) return { why: 'blocked', detail: '' }
    const known = this.channels.get(channel)
    return known === undefined ? null : { why: known.why, detail: known.detail }
  }

  /** The picture came: what failed before is over. */
  works(channel: string): void {
    this.channels.delete(channel)
  }

  /** Another network may let through what the last one did not. */
  networkChanged(): void {
    this.blocked = false
    for (const [channel, { why }] of this.channels) if (why === 'blocked' || why === 'lost') this.channels.delete(channel)
  }
}

function waitMs(why: WhyNot, failures: number, afterMs: number): number {
  switch (why) {
    case 'lost':
      return Math.min(LOST_MAX_MS, LOST_FIRST_MS * 2 ** failures)
    case 'busy':
      return Math.max(afterMs, Math.min(LOST_MAX_MS, LOST_FIRST_MS * 2 ** failures))
    case 'refused':
      return REFUSED_MS
    case 'not_sending':
      return SOON_MS
    case 'sound':
      return 0 // asked again as soon as nobody listens
    case 'codec':
    case 'blocked':
    case 'none':
      return Number.POSITIVE_INFINITY
  }
}
