/**
 * Two ways to one picture: the WebSocket, which is there at once and goes through everything, and WebRTC, which takes over
 * where it is wanted, as soon as its first picture is on the screen, and gives way again when it fails.
 *
 * Invariant: in the steady state one of them is open. What is shown goes on being shown until the other way has a picture:
 * `keepPicture` is called before one is taken away. Not here: elements and Vue (`use_live.ts`).
 */

import type { LiveStatus, Transport } from '../player/status'
import type { WhepMemory } from '../whep/memory'
import type { WhepEnd } from '../whep/session'

const HELD_MAX_MS = 3_000 // so long the picture that was kept passes for live, while the WebSocket opens

export interface Way {
  start(): void
  stop(): void
  setMuted(muted: boolean): void
}

export interface SocketWay extends Way {
  hurry(): void
}

export interface DirectWay extends Way {
  /** The talk key goes down, or up. */
  talk(down: boolean): void
}

export interface Ways {
  socket(onStatus: (status: LiveStatus) => void): SocketWay
  /** Null where this browser has no WebRTC. */
  webrtc: ((onStatus: (status: LiveStatus) => void, onEnded: (end: WhepEnd) => void) => DirectWay) | null
}

export interface TwoWaysEvents {
  onStatus(status: LiveStatus): void
  /** From now on this way's element is the one to look at. */
  onShown(transport: Transport): void
  keepPicture(): void
}

export class TwoWays {
  private readonly socket: SocketWay
  private webrtc: DirectWay | null = null
  private shown: Transport = 'websocket'
  private socketStatus: LiveStatus | null = null
  private wanted = false
  private muted = true
  private running = false
  private held: LiveStatus | null = null
  private heldUntilMs = 0
  private soundNeedsSocket = false

  constructor(
    private readonly ways: Ways,
    private readonly channel: string,
    private readonly memory: WhepMemory,
    private readonly nowMs: () => number,
    private readonly events: TwoWaysEvents,
  ) {
    this.socket = ways.socket((status) => this.socketSays(status))
  }

  start(): void {
    this.running = true
    this.socket.start()
  }

  stop(): void {
    this.running = false
    this.socket.stop()
    this.webrtc?.stop()
    this.webrtc = null
  }

  hurry(): void {
    this.socket.hurry()
  }

  /** Whether WebRTC is to take over where it can. */
  want(wanted: boolean): void {
    if (this.wanted === wanted) return
    this.wanted = wanted
    if (!wanted) this.backToSocket()
    else this.ask()
  }

  setMuted(muted: boolean): void {
    this.muted = muted
    if (muted) this.soundNeedsSocket = false
    this.socket.setMuted(muted)
    this.webrtc?.setMuted(muted)
  }

  /** The talk key: there is a way for a word by WebRTC alone. */
  talk(down: boolean): void {
    if (!down || this.shown === 'webrtc') this.webrtc?.talk(down)
  }

  private socketSays(status: LiveStatus): void {
    this.socketStatus = status
    if (this.shown !== 'websocket') return
    if (this.held !== null) {
      const opening = status.state === 'connecting' || status.state === 'waiting'
      if (opening && this.nowMs() < this.heldUntilMs) return
      this.held = null
    }
    this.events.onStatus(this.wanted ? { ...status, whyNotWebRtc: this.whyNot() } : status)
    if (status.state === 'live') this.ask()
  }

  private whyNot(): LiveStatus['whyNotWebRtc'] {
    if (this.ways.webrtc === null) return { why: 'none', detail: '' }
    return this.soundNeedsSocket ? { why: 'sound', detail: '' } : this.memory.whyNot(this.channel)
  }

  /** Asked for only while the other way shows that there is something to see. */
  private ask(): void {
    const open = this.ways.webrtc
    if (!this.running || !this.wanted || this.webrtc !== null || open === null || this.soundNeedsSocket) return
    if (this.socketStatus?.state !== 'live') return
    if (!this.memory.mayAsk(this.channel, this.socketStatus.stream, this.nowMs())) return
    const way = open(
      (status) => {
        if (way === this.webrtc) this.webrtcSays(status)
      },
      (end) => {
        if (way === this.webrtc) this.ended(end)
      },
    )
    this.webrtc = way
    way.setMuted(this.muted)
    way.start()
  }

  private webrtcSays(status: LiveStatus): void {
    if (this.shown === 'websocket') {
      if (status.state !== 'live') return
      this.shown = 'webrtc'
      this.memory.works(this.channel)
      this.events.onShown('webrtc')
      this.socket.stop()
    }
    if (this.soundIsOverThere(status)) {
      this.soundNeedsSocket = true
      this.backToSocket()
    } else {
      this.events.onStatus(status)
    }
  }

  /** Somebody listens to sound that WebRTC does not carry, and the WebSocket does. */
  private soundIsOverThere(status: LiveStatus): boolean {
    const { sound } = this.socketStatus ?? status
    return !this.muted && status.sound === 'unsupported' && (sound === 'on' || sound === 'off')
  }

  private ended(end: WhepEnd): void {
    const last = this.socketStatus
    const stream = last?.stream ?? ''
    if (end.kind === 'fallback') this.memory.note(this.channel, stream, end.why, this.nowMs(), end.detail, end.afterMs)
    if (end.kind === 'closed' && last !== null) {
      this.stop()
      this.events.onStatus({ ...last, state: 'closed', closing: end.reason, since: null, reason: '' })
    } else {
      this.backToSocket()
    }
  }

  private backToSocket(): void {
    const way = this.webrtc
    this.webrtc = null
    if (this.shown === 'webrtc') {
      this.events.keepPicture()
      this.shown = 'websocket'
      this.held = this.socketStatus
      this.heldUntilMs = this.nowMs() + HELD_MAX_MS
      this.events.onShown('websocket')
      if (this.running) this.socket.start()
    }
    way?.stop()
  }
}
