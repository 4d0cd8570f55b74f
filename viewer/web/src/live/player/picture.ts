/**
 * The picture of one channel: fragments in, a steady <video> near the live edge out.
 *
 * Not here: the WebSocket and what its messages mean for the tile (`player.ts`), and the policy of
 * where to stand (`edge.ts`).
 */

import { ReceiveTimes, type ServerClock } from './clock'
import { LiveEdge } from './edge'
import { readFragments } from './fragment'
import { type Broken, TrackSource } from './source'

const STEER_MS = 200
const GATHER_MS = 60 // the cached GOP of the first instant comes in one burst: take the position once it is here
const SETTLED_MS = 2_500
const FOLLOW_ON_S = 0.04 // a new stream goes on one picture after the last one of the old

export interface PictureFormat {
  readonly stream: string
  readonly mime: string
  readonly timescale: number
  readonly init: Uint8Array<ArrayBuffer>
}

export interface PictureEvents {
  /** Media times lie so many seconds off the player's from here on. */
  onPlaced(offset: number): void
  onShown(): void
  onBroken(why: Broken): void
}

export class Picture {
  private readonly edge = new LiveEdge()
  private readonly received = new ReceiveTimes()
  private source: TrackSource | null = null
  private format: PictureFormat | null = null
  private fresh = false
  private stream = ''
  private offset = 0
  private steering: number | null = null
  private emptyTimer: number | null = null
  private frameRequest: number | null = null
  private shownMediaTime: number | null = null
  private shownAtMs = 0
  private openedMs = 0
  private droppedAtOpening = 0
  /** Somebody hears the sound that goes with this picture. */
  listening = false

  constructor(
    private readonly element: HTMLVideoElement,
    private readonly clock: ServerClock,
    private readonly events: PictureEvents,
  ) {}

  /** A description of the track; the next fragment begins with it. */
  describe(format: PictureFormat): void {
    this.format = format
    this.fresh = true
  }

  /** One message of the video track, which is rewritten in place. Returns how many pictures it holds. */
  append(bytes: Uint8Array<ArrayBuffer>, nowMs: number): number {
    const format = this.format
    if (format === null) return 0
    const fragments = readFragments(bytes, format.timescale)
    if (this.fresh) {
      if (fragments[0]?.key !== true) return 0
      this.begin(format, fragments[0].firstPts / format.timescale)
    }
    let pictures = 0
    for (const fragment of fragments) {
      const first = fragment.firstPts / format.timescale + this.offset
      const last = fragment.lastPts / format.timescale + this.offset
      this.received.add(last, fragment.receivedMs)
      this.clock.observeArrival(nowMs, fragment.receivedMs)
      this.edge.arrived(nowMs, this.element.currentTime, first, last)
      if (fragment.key) this.source?.beginsAt(first)
      pictures += fragment.samples
    }
    this.source?.append(bytes)
    this.scheduleEmpty()
    return pictures
  }

  /** Server to screen, in milliseconds, of the picture shown last. */
  latencyMs(): number | null {
    const receivedMs = this.shownReceivedMs()
    const nowMs = this.clock.serverMs(this.shownAtMs)
    return receivedMs === null || nowMs === null ? null : Math.max(0, nowMs - receivedMs)
  }

  /** When the server received the picture on the screen; UTC in milliseconds. */
  shownReceivedMs(): number | null {
    return this.shownMediaTime === null ? null : this.received.at(this.shownMediaTime)
  }

  /** Pictures that came and were not shown, without those before the live edge at the opening. */
  droppedCount(): number {
    const dropped = this.element.getVideoPlaybackQuality().droppedVideoFrames
    if (performance.now() - this.openedMs < SETTLED_MS) this.droppedAtOpening = dropped
    return Math.max(0, dropped - this.droppedAtOpening)
  }

  /** The connection begins anew: what comes first lies before the live edge. */
  reopen(): void {
    this.edge.reopen()
  }

  close(): void {
    if (this.steering !== null) window.clearInterval(this.steering)
    if (this.emptyTimer !== null) window.clearTimeout(this.emptyTimer)
    if (this.frameRequest !== null) this.element.cancelVideoFrameCallback(this.frameRequest)
    this.steering = this.emptyTimer = this.frameRequest = null
    this.source?.close()
    this.source = null
    this.format = null
    this.stream = ''
    this.offset = 0
    this.edge.reset()
    this.received.clear()
    this.shownMediaTime = null
  }

  private begin(format: PictureFormat, firstPtsS: number): void {
    this.fresh = false
    if (this.source === null) {
      this.open(format)
    } else {
      if (format.stream !== this.stream) {
        const next = Math.max(this.edge.edge + FOLLOW_ON_S, this.element.currentTime)
        this.offset = next - firstPtsS
      }
      this.source.restart(format.mime, format.init, this.offset)
    }
    this.stream = format.stream
    this.edge.reopen()
    this.events.onPlaced(this.offset)
  }

  private open(format: PictureFormat): void {
    let gathering = true
    this.openedMs = performance.now()
    this.source = new TrackSource(
      this.element,
      format.mime,
      format.init,
      (why) => {
        this.close()
        this.events.onBroken(why)
      },
      () => {
        if (!gathering && (this.element.readyState < HTMLMediaElement.HAVE_FUTURE_DATA || this.element.playbackRate === 0)) {
          this.steer()
        }
      },
      true,
    )
    this.steering = window.setTimeout(() => {
      gathering = false
      this.steer()
      this.steering = window.setInterval(() => this.steer(), STEER_MS)
    }, GATHER_MS)
    this.watchFrames()
    this.element.play().catch((error: unknown) => {
      // AbortError: the source was replaced before it began. Muted video may always begin.
      if (!(error instanceof DOMException)) throw error
    })
  }

  private steer(): void {
    const { element, source } = this
    if (source === null || element.seeking) return
    const step = this.edge.decide(performance.now(), element.currentTime, source.ranges(), this.listening)
    if (step.jumpTo !== null) element.currentTime = step.jumpTo
    if (element.playbackRate !== step.rate) element.playbackRate = step.rate
    this.scheduleEmpty()
  }

  /** The clock has to stop on the last picture, not somewhere in the second that it was stretched to. */
  private scheduleEmpty(): void {
    if (this.emptyTimer !== null) window.clearTimeout(this.emptyTimer)
    const rate = this.element.playbackRate
    this.emptyTimer =
      rate === 0
        ? null
        : window.setTimeout(() => this.steer(), this.edge.msUntilEmpty(this.element.currentTime, rate) + 1)
  }

  private watchFrames(): void {
    if (!('requestVideoFrameCallback' in this.element)) return
    this.frameRequest = this.element.requestVideoFrameCallback((nowMs, frame) => {
      this.shownMediaTime = frame.mediaTime
      this.shownAtMs = Math.max(nowMs, frame.expectedDisplayTime)
      this.events.onShown()
      this.watchFrames()
    })
  }
}
