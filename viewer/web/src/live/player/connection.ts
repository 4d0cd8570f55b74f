/**
 * The live WebSocket of one channel, kept open: it comes back by itself after the server, the
 * network or this machine's sleep, and stays away when the server says that it should.
 *
 * Not here: what the bytes mean (`fragment.ts`), and the picture (`player.ts`).
 */

import { type ClosingReason, type LiveMessage, parseMessage } from './messages'

const BACKOFF_FIRST_MS = 400
const BACKOFF_MAX_MS = 8_000 // a restarted server is seen again within eight seconds, and 200 walls do not storm it
const STEADY_MS = 10_000 // a connection that lived so long starts the backoff anew
const OPENING_MAX_MS = 10_000 // TCP to a vanished host hangs for minutes
const REFUSALS_MAX = 3 // by a server that answers otherwise: one or two may fall into its start
const SOCKET_OPEN = 1 // WebSocket.OPEN (WHATWG)
const SILENT_MAX_MS = 12_000 // a live device sends pictures; so much silence is a network that vanished without a word

/** refused: the server is there, and does not let this person see this device, or does not know it. */
export type EndReason = ClosingReason | 'refused'

export type Refusal = 'away' | 'expired' | 'refused'

export interface ConnectionEvents {
  onMessage(message: LiveMessage): void
  onBytes(bytes: Uint8Array<ArrayBuffer>): void
  /** Connected, again or at last: whatever was said before is forgotten there. */
  onUp(): void
  /** Not connected; trying again. */
  onDown(): void
  /** Ended for this reason: no more tries. */
  onClosed(reason: EndReason): void
}

/** What the connection needs of its surroundings; a test brings its own. */
export interface Surroundings {
  open(url: string): WebSocket
  random(): number
  nowMs(): number
  setTimer(callback: () => void, ms: number): number
  clearTimer(id: number): void
  /** Asked after a failed handshake, which a browser does not explain. */
  whyRefused(): Promise<Refusal>
}

export const browser: Omit<Surroundings, 'whyRefused'> = {
  open: (url) => new WebSocket(url),
  random: Math.random,
  nowMs: () => performance.now(),
  setTimer: (callback, ms) => window.setTimeout(callback, ms),
  clearTimer: (id) => window.clearTimeout(id),
}

export class LiveConnection {
  private socket: WebSocket | null = null
  private timer: number | null = null
  private attempts = 0
  private refusals = 0
  private openedMs: number | null = null
  private closing: ClosingReason | null = null
  private stopped = true
  private expectsMedia = false

  constructor(
    private readonly url: string,
    private readonly events: ConnectionEvents,
    private readonly around: Surroundings,
  ) {}

  start(): void {
    if (!this.stopped) return
    this.stopped = false
    this.attempts = 0
    this.refusals = 0
    this.open()
  }

  stop(): void {
    this.stopped = true
    this.setTimer(null)
    this.drop()
  }

  /** Opens a new socket at once: the picture has to begin anew, or the network is said to be back. */
  restart(): void {
    if (this.stopped) return
    this.drop()
    this.setTimer(null)
    this.open()
  }

  /** Tell the server something; nothing while not connected. */
  say(message: object): void {
    if (this.socket?.readyState === SOCKET_OPEN) this.socket.send(JSON.stringify(message))
  }

  private open(): void {
    this.closing = null
    this.openedMs = null
    this.expectsMedia = false
    const socket = this.around.open(this.url)
    this.socket = socket
    socket.binaryType = 'arraybuffer'
    socket.onopen = () => {
      if (socket !== this.socket) return
      this.openedMs = this.around.nowMs()
      this.refusals = 0
      this.watchSilence()
      this.events.onUp()
    }
    socket.onmessage = (event: MessageEvent<unknown>) => {
      if (socket === this.socket) this.receive(event.data)
    }
    socket.onclose = () => {
      if (socket === this.socket) this.lost()
    }
    this.setTimer(() => this.lost(), OPENING_MAX_MS)
  }

  private receive(data: unknown): void {
    this.watchSilence()
    if (data instanceof ArrayBuffer) {
      this.expectsMedia = true
      this.events.onBytes(new Uint8Array(data))
      return
    }
    if (typeof data !== 'string') return
    const message = parseMessage(data)
    if (message === null) return
    if (message.type === 'closing') this.closing = message.reason
    if (message.type === 'offline') {
      this.expectsMedia = false
      this.watchSilence()
    }
    this.events.onMessage(message)
    if (message.type === 'closing' && message.reason !== 'server_stopping') this.end(message.reason)
  }

  /** Silence counts only while pictures are due: an offline device may stay silent for a week. */
  private watchSilence(): void {
    this.setTimer(this.expectsMedia ? () => this.restartAfterSilence() : null, SILENT_MAX_MS)
  }

  private restartAfterSilence(): void {
    this.drop()
    this.events.onDown()
    this.open()
  }

  private lost(): void {
    const neverOpened = this.openedMs === null
    if (this.openedMs !== null && this.around.nowMs() - this.openedMs > STEADY_MS) this.attempts = 0
    this.drop()
    this.setTimer(null)
    this.events.onDown()
    if (neverOpened && this.closing === null) void this.askBeforeRetry()
    else this.retryLater()
  }

  private async askBeforeRetry(): Promise<void> {
    const why = await this.around.whyRefused()
    if (this.stopped || this.socket !== null) return
    this.refusals = why === 'refused' ? this.refusals + 1 : 0
    if (why === 'expired') this.end('expired')
    else if (this.refusals >= REFUSALS_MAX) this.end('refused')
    else this.retryLater()
  }

  private retryLater(): void {
    const ceiling = Math.min(BACKOFF_MAX_MS, BACKOFF_FIRST_MS * 2 ** this.attempts)
    this.attempts += 1
    // Jitter over the upper half: the walls of a whole office must not come back in one instant.
    this.setTimer(() => this.open(), ceiling * (0.5 + this.around.random() / 2))
  }

  private end(reason: EndReason): void {
    this.stop()
    this.events.onClosed(reason)
  }

  private drop(): void {
    const socket = this.socket
    this.socket = null
    if (socket === null) return
    socket.onopen = socket.onmessage = socket.onclose = null
    socket.close()
  }

  private setTimer(callback: (() => void) | null, ms = 0): void {
    if (this.timer !== null) this.around.clearTimer(this.timer)
    this.timer = callback === null ? null : this.around.setTimer(callback, ms)
  }
}
