/**
 * Keeps one device publishing: connects, comes back by itself after the network or the server was away, and stays away
 * when the server says that it should.
 *
 * A path that is lost is sought again by an ICE restart in the same session, so that the stream goes on in the archive
 * where it stopped; where that does not help, by a new session. Not here: HTTP and WebRTC (`connection.ts`).
 */

import { NotTaken } from '@/webrtc/http_session'
import type { PathState, PublishConnection, PublishConnectionEvents, Tracks } from './connection'
import { LinkMeter } from './link_meter'
import { IDLE, type PublishStatus, type Trouble } from './status'

const BACKOFF_FIRST_MS = 500
const BACKOFF_MAX_MS = 8_000 // a restarted server is found again within eight seconds
const CONNECT_MAX_MS = 10_000 // three round trips on a link of 4G; longer is a network that lets no UDP through
const RESTART_MAX_MS = 6_000
const RESTARTS_MAX = 2 // answered, and no path came of it
const SESSION_KEPT_MS = 25_000 // the server gives up a peer that it has not heard for 30 s (RFC 7675)
const LOST_MS = 1_500 // a path that is lost for less than this comes back by itself
const STEADY_MS = 10_000
const TICK_MS = 500
const TICKS_PER_STATISTICS = 2

export interface Surroundings {
  connect(tracks: Tracks, events: PublishConnectionEvents): PublishConnection
  random(): number
  nowMs(): number
  /** UTC in milliseconds. */
  clockMs(): number
  setTimer(callback: () => void, ms: number): number
  clearTimer(id: number): void
}

export class Publisher {
  private status: PublishStatus = IDLE
  private connection: PublishConnection | null = null
  private timer: number | null = null
  private ticking: number | null = null
  private ticks = 0
  private attempts = 0
  private liveMs = 0
  private lostMs = 0
  private path: PathState = 'lost'
  private restarts = 0
  private restarting = false
  private readonly meter = new LinkMeter()

  constructor(
    private tracks: Tracks,
    private readonly around: Surroundings,
    private readonly onStatus: (status: PublishStatus) => void,
    private readonly onVoice: (stream: MediaStream) => void,
  ) {}

  start(): void {
    if (this.ticking !== null) return
    this.attempts = 0
    this.say({ ...IDLE, state: 'connecting' })
    this.tickLater()
    void this.open()
  }

  /** Ends the stream in order: everything that was sent is kept. */
  async stop(): Promise<void> {
    const { connection } = this
    this.rest()
    this.say(IDLE)
    await connection?.close()
  }

  /** The page goes: no time for more than a word to the server. */
  leave(): void {
    this.connection?.drop()
    this.rest()
  }

  async setPicture(track: MediaStreamTrack): Promise<void> {
    this.tracks = { ...this.tracks, picture: track }
    await this.connection?.setPicture(track)
  }

  /** The network is another one, or is back: look at once instead of after the next wait. */
  hurry(): void {
    if (this.ticking === null) return
    if (this.connection === null) void this.open()
    else if (this.status.state !== 'connecting') void this.restart()
  }

  private async open(): Promise<void> {
    this.setTimer(null)
    this.path = 'lost'
    this.restarts = 0
    this.meter.reset()
    const connection = this.around.connect(this.tracks, {
      onPath: (state) => {
        if (connection === this.connection) this.pathIs(state)
      },
      onVoice: this.onVoice,
    })
    this.connection = connection
    this.setTimer(() => this.again('no_path'), CONNECT_MAX_MS)
    try {
      await connection.open()
    } catch (error) {
      if (connection === this.connection) this.notTaken(error)
    }
  }

  private async restart(): Promise<void> {
    const { connection } = this
    if (connection === null || this.restarting) return
    if (this.restarts >= RESTARTS_MAX) {
      this.again('no_path')
      return
    }
    this.restarting = true
    this.setTimer(() => this.restartOver(), RESTART_MAX_MS)
    try {
      await connection.restart()
      this.restarts += 1
    } catch (error) {
      if (!(error instanceof NotTaken)) throw error
      if (connection === this.connection) this.restartNotTaken(error)
    } finally {
      this.restarting = false
    }
  }

  private restartOver(): void {
    if (this.path !== 'connected') this.again('no_path')
  }

  private restartNotTaken({ problem, body }: NotTaken): void {
    if (problem.status === 410 && this.sentAway(body)) return
    const keptYet = this.around.nowMs() - this.lostMs < SESSION_KEPT_MS
    if (!problem.unreachable || !keptYet) {
      this.again(problem.unreachable ? 'unreachable' : 'network') // over there the session is gone: a new one is the answer
    } else if (this.path !== 'connected') {
      this.lost('unreachable')
      this.setTimer(() => void this.restart(), this.nextWaitMs())
    }
  }

  private pathIs(state: PathState): void {
    if (this.path === 'connected') {
      this.lostMs = this.around.nowMs()
      if (this.lostMs - this.liveMs > STEADY_MS) this.attempts = 0
    }
    this.path = state
    switch (state) {
      case 'connected':
        this.setTimer(null)
        this.restarts = 0
        this.liveMs = this.around.nowMs()
        this.say({ state: 'live', trouble: '', words: '', sinceMs: this.status.sinceMs ?? this.around.clockMs() })
        break
      case 'lost':
        if (this.status.state !== 'live') break
        this.lost('network')
        this.setTimer(() => void this.restart(), LOST_MS)
        break
      case 'failed':
        this.lost('network')
        void this.restart()
        break
      case 'ended':
        this.lost('server')
        void this.restart() // which is refused, with the reason
        break
    }
  }

  private lost(trouble: Trouble): void {
    const state = this.status.state === 'connecting' ? 'connecting' : 'reconnecting'
    this.say({ state, trouble, sinceMs: null, link: null, voice: false })
  }

  /** This session is given up; another one is opened after a while. */
  private again(trouble: Trouble, waitMs = 0): void {
    this.connection?.drop()
    this.connection = null
    this.lost(trouble)
    this.setTimer(() => void this.open(), Math.max(waitMs, this.nextWaitMs()))
  }

  private nextWaitMs(): number {
    const ceiling = Math.min(BACKOFF_MAX_MS, BACKOFF_FIRST_MS * 2 ** this.attempts)
    this.attempts += 1
    // Jitter over the upper half: the phones of a whole town must not come back in one instant.
    return ceiling * (0.5 + this.around.random() / 2)
  }

  private notTaken(error: unknown): void {
    if (!(error instanceof NotTaken)) throw error
    const { problem, retryAfterS } = error
    if (problem.unreachable) this.again('unreachable')
    else if (problem.status >= 500 || problem.status === 429) this.again('busy', retryAfterS * 1_000)
    else this.over('refused', refusalOf(problem.status, problem.kind), problem.detail)
  }

  /** The server ended the session for a reason that another one would not change. */
  private sentAway(body: unknown): boolean {
    const cause: unknown = typeof body === 'object' && body !== null ? (body as Record<string, unknown>)['cause'] : null
    switch (cause) {
      case 'takeover': // two phones that took it back from each other would go on for ever
        this.over('ended', 'taken_over')
        return true
      case 'disabled':
        this.over('refused', 'disabled')
        return true
      case 'key_rotated':
        this.over('refused', 'wrong_key')
        return true
      default:
        return false
    }
  }

  private over(state: 'refused' | 'ended', trouble: Trouble, words = ''): void {
    this.connection?.drop()
    this.rest()
    this.say({ ...IDLE, state, trouble, words })
  }

  private rest(): void {
    this.setTimer(null)
    if (this.ticking !== null) this.around.clearTimer(this.ticking)
    this.ticking = null
    this.connection = null
  }

  private tickLater(): void {
    this.ticking = this.around.setTimer(() => {
      this.tickLater()
      this.tick()
    }, TICK_MS)
  }

  private tick(): void {
    const { connection } = this
    if (connection === null || this.status.state !== 'live') return
    const voice = connection.hearsVoice()
    if (voice !== this.status.voice) this.say({ voice })
    this.ticks += 1
    if (this.ticks % TICKS_PER_STATISTICS === 0) void this.measure(connection)
  }

  private async measure(connection: PublishConnection): Promise<void> {
    const report = await connection.statistics()
    if (connection !== this.connection || this.status.state !== 'live') return
    const cameraFps = this.tracks.picture.getSettings().frameRate ?? 0
    const link = this.meter.read(report, this.around.nowMs(), cameraFps)
    if (link !== null) this.say({ link })
  }

  private say(change: Partial<PublishStatus>): void {
    this.status = { ...this.status, ...change }
    this.onStatus(this.status)
  }

  private setTimer(callback: (() => void) | null, ms = 0): void {
    if (this.timer !== null) this.around.clearTimer(this.timer)
    this.timer = callback === null ? null : this.around.setTimer(callback, ms)
  }
}

function refusalOf(status: number, kind: string): Trouble {
  if (kind === 'insecure-transport') return 'insecure'
  if (status === 401) return 'wrong_key'
  if (status === 403) return 'disabled'
  return status === 406 ? 'codec' : 'refused'
}
