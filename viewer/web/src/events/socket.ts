/* Keeps one WebSocket open: reconnects by itself, for ever, and says how it stands.

   Not here: what the messages mean (messages.ts), what becomes of them (store.ts). Sockets and timers are
   handed in, so that a test owns both. */

export type ConnectionState = 'closed' | 'connecting' | 'open' | 'lost'

export const RETRY_FIRST_MS = 500
export const RETRY_LAST_MS = 8_000 // long enough not to hammer a restarting server with every tab of a control room
/** The server sends statistics every 2 s; three times that without a word, and the connection is dead. */
export const SILENCE_MS = 10_000

export interface SocketHandlers {
  opened(): void
  text(data: string): void
  closed(): void
}

export interface OpenSocket {
  send(text: string): void
  /** Closes it and silences its handlers. */
  close(): void
}

export interface SocketEnvironment {
  open(handlers: SocketHandlers): OpenSocket
  setTimer(callback: () => void, delayMs: number): number
  clearTimer(timer: number): void
  /** 0 ≤ random < 1: spreads the reconnects of many tabs. */
  random(): number
}

export class EventSocket {
  private socket: OpenSocket | null = null
  private retryTimer: number | null = null
  private silenceTimer: number | null = null
  private failures = 0
  private current: ConnectionState = 'closed'

  constructor(
    private readonly environment: SocketEnvironment,
    private readonly onText: (text: string) => void,
    private readonly onState: (state: ConnectionState) => void,
  ) {}

  get state(): ConnectionState {
    return this.current
  }

  start(): void {
    if (this.current === 'closed') this.connect('connecting')
  }

  stop(): void {
    this.drop()
    this.failures = 0
    this.become('closed')
  }

  /** Try now: the user asked, or the browser says the network is back. */
  retryNow(): void {
    if (this.current === 'lost') this.connect('lost')
  }

  /** Said only while the connection is there; nothing is kept for later. */
  send(text: string): void {
    if (this.current === 'open') this.socket?.send(text)
  }

  private connect(state: ConnectionState): void {
    this.drop()
    this.become(state)
    this.listenForSilence()
    this.socket = this.environment.open({
      opened: () => this.listenForSilence(),
      text: (data) => {
        this.failures = 0
        this.listenForSilence()
        this.become('open')
        this.onText(data)
      },
      closed: () => this.lose(),
    })
  }

  private lose(): void {
    this.drop()
    this.become('lost')
    const ceiling = Math.min(RETRY_LAST_MS, RETRY_FIRST_MS * 2 ** this.failures)
    this.failures += 1
    const delayMs = ceiling * (0.5 + this.environment.random() / 2)
    this.retryTimer = this.environment.setTimer(() => this.connect('lost'), delayMs)
  }

  private listenForSilence(): void {
    if (this.silenceTimer !== null) this.environment.clearTimer(this.silenceTimer)
    this.silenceTimer = this.environment.setTimer(() => this.lose(), SILENCE_MS)
  }

  private drop(): void {
    for (const timer of [this.retryTimer, this.silenceTimer]) {
      if (timer !== null) this.environment.clearTimer(timer)
    }
    this.retryTimer = this.silenceTimer = null
    this.socket?.close()
    this.socket = null
  }

  private become(state: ConnectionState): void {
    if (state === this.current) return
    this.current = state
    this.onState(state)
  }
}
