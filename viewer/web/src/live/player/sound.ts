/**
 * The sound of one channel, in an <audio> of its own that follows the picture's clock.
 *
 * Sound has no say over the picture: it goes where the picture is, by a rate nobody hears or, when
 * far off, by a jump, and is silent where it has nothing. Both tracks share one timeline (placed by
 * the server), so the same offset puts both in step.
 */

import { TrackSource } from './source'

const APART_S = 0.25 // farther off than this, a rate would take too long: jump
const IN_STEP_S = 0.025 // below what anybody sees in lips, and about the grain of currentTime
const RATE_PER_S = 1 // of correction for each second apart
const RATE_MAX = 0.08 // pitch-corrected speech bears it
const BREAKS_MAX = 3 // of one description: then it is left silent until the next
const JUMP_AHEAD_S = 0.1 // the picture goes on while the sound is sought
const JUMP_REST_MS = 1_000 // a jump needs time to show its effect

export interface SoundFormat {
  readonly mime: string
  readonly init: Uint8Array<ArrayBuffer>
}

export class Sound {
  private format: SoundFormat | null = null
  private offset: number | null = null
  private source: TrackSource | null = null
  private wanted = false
  private breaks = 0
  private jumpedMs = Number.NEGATIVE_INFINITY

  constructor(
    private readonly element: HTMLAudioElement,
    private readonly picture: HTMLVideoElement,
    /** The browser does not let sound begin without a click. */
    private readonly onRefused: () => void,
  ) {}

  /** A description of the sound track, or null when there is none that can be played. */
  describe(format: SoundFormat | null): void {
    this.format = format
    this.breaks = 0
    this.offset = null
    if (format === null) this.close()
  }

  /** The picture's timeline lies so many seconds off the media times from now on. */
  place(offset: number): void {
    this.offset = offset
    if (this.source !== null && this.format !== null) this.source.restart(this.format.mime, this.format.init, offset)
  }

  want(wanted: boolean): void {
    this.wanted = wanted
    if (!wanted) this.close()
  }

  /** The browser's decoder gave up on this sound again and again. */
  get broken(): boolean {
    return this.breaks >= BREAKS_MAX
  }

  append(bytes: Uint8Array<ArrayBuffer>): void {
    if (!this.wanted || this.format === null || this.offset === null || this.breaks >= BREAKS_MAX) return
    if (this.source === null) {
      this.source = new TrackSource(
        this.element,
        this.format.mime,
        this.format.init,
        () => this.broke(), // the next fragment opens it again
        () => undefined,
      )
      this.source.shift(this.offset)
    }
    this.source.append(bytes)
  }

  /** Called some times a second. */
  follow(nowMs: number): void {
    const { element, picture, source } = this
    if (source === null) return
    const target = picture.currentTime
    const audible = source.ranges().some((range) => target >= range.start && target < range.end)
    if (!audible || picture.playbackRate === 0 || picture.paused) {
      if (!element.paused) element.pause()
      return
    }
    const apart = element.currentTime - target
    if (Math.abs(apart) > APART_S) {
      if (nowMs - this.jumpedMs < JUMP_REST_MS) return
      this.jumpedMs = nowMs
      element.currentTime = target + JUMP_AHEAD_S
    }
    const correction = Math.abs(apart) < IN_STEP_S ? 0 : Math.max(-RATE_MAX, Math.min(RATE_MAX, -apart * RATE_PER_S))
    element.playbackRate = picture.playbackRate + correction
    if (element.paused) this.play()
  }

  close(): void {
    this.source?.close()
    this.source = null
  }

  private broke(): void {
    this.breaks += 1
    this.close()
  }

  private play(): void {
    this.element.play().catch((error: unknown) => {
      if (!(error instanceof DOMException)) throw error
      if (error.name === 'NotAllowedError') this.onRefused()
    })
  }
}
