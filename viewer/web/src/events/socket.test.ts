import { beforeEach, describe, expect, it } from 'vitest'
import { EventSocket, RETRY_LAST_MS, SILENCE_MS, type ConnectionState, type SocketHandlers } from './socket'

/* A server and a clock that the test owns. */
class Stage {
  opened: SocketHandlers[] = []
  closed = 0
  sent: string[] = []
  timers = new Map<number, { callback: () => void; delayMs: number }>()
  private next = 1

  open = (handlers: SocketHandlers) => {
    this.opened.push(handlers)
    return { send: (text: string) => this.sent.push(text), close: () => (this.closed += 1) }
  }
  setTimer = (callback: () => void, delayMs: number): number => {
    this.timers.set(this.next, { callback, delayMs })
    return this.next++
  }
  clearTimer = (timer: number): void => void this.timers.delete(timer)
  random = (): number => 0.999999

  get server(): SocketHandlers {
    const handlers = this.opened.at(-1)
    if (handlers === undefined) throw new Error('nothing was opened')
    return handlers
  }

  /** Runs the only timer there is, and says how long it was. */
  elapse(): number {
    const [entry] = this.timers.entries()
    if (entry === undefined || this.timers.size !== 1) throw new Error(`${this.timers.size} timers`)
    this.timers.delete(entry[0])
    entry[1].callback()
    return entry[1].delayMs
  }
}

describe('the event socket', () => {
  let stage: Stage
  let states: ConnectionState[]
  let texts: string[]
  let socket: EventSocket

  beforeEach(() => {
    stage = new Stage()
    states = []
    texts = []
    socket = new EventSocket(stage, (text) => texts.push(text), (state) => states.push(state))
    socket.start()
  })

  it('is open with the first message, not before', () => {
    stage.server.opened()
    expect(states).toEqual(['connecting'])
    stage.server.text('{}')
    expect(states).toEqual(['connecting', 'open'])
    expect(texts).toEqual(['{}'])
  })

  it('comes back by itself, more slowly each time, and never gives up', () => {
    const delays: number[] = []
    for (let attempt = 0; attempt < 8; attempt += 1) {
      stage.server.closed()
      delays.push(Math.round(stage.elapse()))
    }
    expect(delays).toEqual([500, 1000, 2000, 4000, 8000, 8000, 8000, 8000])
    expect(Math.max(...delays)).toBeLessThanOrEqual(RETRY_LAST_MS)
    expect(states.at(-1)).toBe('lost')
    stage.server.text('{}')
    expect(states.at(-1)).toBe('open')
    stage.server.closed()
    expect(Math.round(stage.elapse())).toBe(500)
  })

  it('takes silence for a lost connection', () => {
    stage.server.text('{}')
    expect(stage.elapse()).toBe(SILENCE_MS)
    expect(states.at(-1)).toBe('lost')
    expect(stage.closed).toBe(1)
  })

  it('tries at once when the network is said to be back', () => {
    stage.server.closed()
    socket.retryNow()
    expect(stage.opened).toHaveLength(2)
    expect(stage.timers.size).toBe(1) // of the silence; the retry is not kept beside it
  })

  it('stays closed after logging out', () => {
    stage.server.text('{}')
    socket.stop()
    expect(states.at(-1)).toBe('closed')
    expect(stage.timers.size).toBe(0)
    socket.retryNow()
    expect(stage.opened).toHaveLength(1)
  })

  it('says nothing while it is not open', () => {
    socket.send('a')
    stage.server.text('{}')
    socket.send('b')
    expect(stage.sent).toEqual(['b'])
  })
})
