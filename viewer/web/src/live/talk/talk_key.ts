/**
 * The talk key of one view: held to talk, let go to listen. Pure but for its timers; sound and socket are handed in.
 *
 * Invariant: the microphone is in the line only while the server has granted it and the key is down. Letting go works at
 * once, whatever is under way.
 */

import type { TalkMessage } from './messages'
import { NoMicrophone } from './microphone'
import { SILENT, type TalkStatus } from './status'

export interface TalkWays {
  /** The microphone's track; the person is asked the first time. @throws NoMicrophone */
  microphone(): Promise<MediaStreamTrack>
  /** It is not needed any more, for now. */
  letGo(): void
  /** What is sent to the server from now on; null: silence. */
  send(track: MediaStreamTrack | null): void
  /** Tell the server where the key is. */
  say(down: boolean): void
}

const SHOWN_MS = 6_000 // what came of a press that came to nothing

export class TalkKey {
  private status: TalkStatus = SILENT
  private down = false
  private press = 0
  private track: MediaStreamTrack | null = null
  private timer: number | null = null
  private closed = false

  constructor(
    private readonly ways: TalkWays,
    private readonly onStatus: (status: TalkStatus) => void,
  ) {}

  /** What the server says of the view: why it could not be talked from, or that it could (empty). */
  viewed(whyNot: string): void {
    this.become({ whyNot })
  }

  hold(): void {
    if (this.down || this.closed) return
    this.down = true
    this.press += 1
    if (this.status.whyNot !== '') this.fail(this.status.whyNot)
    else void this.ask(this.press)
  }

  release(): void {
    if (!this.down) return
    this.down = false
    const { state } = this.status
    if (state === 'asking' || state === 'talking') {
      this.silence()
      this.ways.say(false)
      this.become({ state: 'idle', reason: '' })
    }
  }

  /** What the server says of talking. */
  told(message: TalkMessage): void {
    switch (message.state) {
      case 'granted':
        if (this.down && this.track !== null && this.status.state === 'asking') {
          this.ways.send(this.track)
          this.become({ state: 'talking', reason: '' })
        }
        break
      case 'busy':
        if (this.status.state === 'asking') this.drop()
        this.become({ state: 'busy', by: message.by, reason: '' })
        break
      case 'refused':
        this.drop()
        this.fail(message.reason)
        break
      case 'ended':
        this.ended(message.reason)
        break
    }
  }

  /** The view is over. */
  close(): void {
    this.closed = true
    this.drop()
    this.clearTimer()
  }

  private async ask(press: number): Promise<void> {
    this.become({ state: 'asking', reason: '' })
    try {
      const track = await this.ways.microphone()
      if (!this.isHeld(press)) {
        this.ways.letGo() // let go of, while the person was asked
        return
      }
      this.track = track
      this.ways.say(true)
    } catch (error) {
      if (!(error instanceof NoMicrophone)) throw error
      if (this.isHeld(press)) this.fail(error.trouble)
    }
  }

  private isHeld(press: number): boolean {
    return this.down && press === this.press && this.status.state === 'asking'
  }

  private ended(reason: string): void {
    const { state } = this.status
    if (reason === '') {
      if (state === 'busy') this.become({ state: 'idle', by: '' }) // the other one has let go
    } else if (state === 'talking' || state === 'asking') {
      this.drop()
      if (reason === 'released') this.become({ state: 'idle' })
      else this.fail(reason)
    }
  }

  /** Nothing more of this press, and nothing more to be heard. */
  private drop(): void {
    if (this.track !== null) this.ways.say(false)
    this.silence()
  }

  private silence(): void {
    if (this.track === null) return
    this.track = null
    this.ways.send(null)
    this.ways.letGo()
  }

  private fail(reason: string): void {
    this.become({ state: 'refused', by: '', reason })
    this.timer = window.setTimeout(() => {
      if (this.status.state === 'refused') this.become({ state: 'idle', reason: '' })
    }, SHOWN_MS)
  }

  private become(change: Partial<TalkStatus>): void {
    if (change.state !== undefined) this.clearTimer()
    this.status = { ...this.status, ...change }
    if (!this.closed) this.onStatus(this.status)
  }

  private clearTimer(): void {
    if (this.timer !== null) window.clearTimeout(this.timer)
    this.timer = null
  }
}
