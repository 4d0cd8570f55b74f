import { beforeEach, describe, expect, it } from 'vitest'
import { LiveConnection, type Refusal, type Surroundings } from './connection'

class FakeSocket {
  binaryType = ''
  onopen: (() => void) | null = null
  onmessage: ((event: { data: unknown }) => void) | null = null
  onclose: (() => void) | null = null
  closedByUs = false
  readyState = 0
  said: string[] = []

  send(text: string): void {
    this.said.push(text)
  }

  close(): void {
    this.closedByUs = true
  }
}

class World implements Surroundings {
  sockets: FakeSocket[] = []
  log: string[] = []
  refusal: Refusal = 'away'
  timeMs = 0
  private timers = new Map<number, { atMs: number; callback: () => void }>()
  private nextId = 1

  open(): WebSocket {
    const socket = new FakeSocket()
    this.sockets.push(socket)
    return socket as unknown as WebSocket
  }

  random = (): number => 1

  nowMs = (): number => this.timeMs

  setTimer = (callback: () => void, ms: number): number => {
    this.timers.set(this.nextId, { atMs: this.timeMs + ms, callback })
    return this.nextId++
  }

  clearTimer = (id: number): void => {
    this.timers.delete(id)
  }

  whyRefused = (): Promise<Refusal> => Promise.resolve(this.refusal)

  async pass(ms: number): Promise<void> {
    const end = this.timeMs + ms
    for (;;) {
      await Promise.resolve().then(() => undefined)
      const due = [...this.timers].filter(([, timer]) => timer.atMs <= end).sort((a, b) => a[1].atMs - b[1].atMs)[0]
      if (due === undefined) break
      this.timers.delete(due[0])
      this.timeMs = due[1].atMs
      due[1].callback()
    }
    this.timeMs = end
  }

  get timersLeft(): number {
    return this.timers.size
  }

  get socket(): FakeSocket {
    return this.sockets[this.sockets.length - 1] as FakeSocket
  }

  say(message: unknown): void {
    this.socket.onmessage?.({ data: JSON.stringify(message) })
  }

  picture(): void {
    this.socket.onmessage?.({ data: new ArrayBuffer(4) })
  }
}

let world: World
let connection: LiveConnection

beforeEach(() => {
  world = new World()
  connection = new LiveConnection(
    'ws://here/ws/live/dev1',
    {
      onMessage: (message) => world.log.push(message.type),
      onBytes: (bytes) => world.log.push(`bytes ${bytes.byteLength}`),
      onUp: () => connection.say({ type: 'listen', on: true }),
      onDown: () => world.log.push('down'),
      onClosed: (reason) => world.log.push(`closed ${reason}`),
    },
    world,
  )
  connection.start()
})

describe('LiveConnection', () => {
  it('hands on messages and bytes in order', () => {
    world.socket.onopen?.()
    world.say({ type: 'online' })
    world.picture()
    expect(world.log).toEqual(['online', 'bytes 4'])
    expect(world.socket.binaryType).toBe('arraybuffer')
  })

  it('says again on each new socket what the server has to know, and nothing to one that is not open', () => {
    connection.say({ type: 'listen', on: false })
    expect(world.socket.said).toEqual([])
    for (let n = 0; n < 2; n += 1) {
      world.socket.readyState = 1
      world.socket.onopen?.()
      expect(world.socket.said).toEqual(['{"type":"listen","on":true}'])
      connection.restart()
    }
    expect(world.sockets.length).toBe(3)
  })

  it('comes back after the server was away, slower and slower up to a bound, for ever', async () => {
    const waits: number[] = []
    for (let n = 0; n < 9; n += 1) {
      const before = world.timeMs
      const { length } = world.sockets
      world.socket.onclose?.()
      while (world.sockets.length === length) await world.pass(100)
      waits.push(world.timeMs - before)
    }
    expect(waits).toEqual([400, 800, 1_600, 3_200, 6_400, 8_000, 8_000, 8_000, 8_000])
  })

  it('starts the backoff anew once a connection was steady', async () => {
    for (let n = 0; n < 6; n += 1) {
      world.socket.onclose?.()
      await world.pass(8_000)
    }
    world.socket.onopen?.()
    await world.pass(11_000)
    const { length } = world.sockets
    world.socket.onclose?.()
    await world.pass(400)
    expect(world.sockets).toHaveLength(length + 1)
  })

  it.each(['revoked', 'expired', 'device_removed'])('stays away when it was closed because: %s', async (reason) => {
    world.socket.onopen?.()
    world.say({ type: 'closing', reason })
    world.socket.onclose?.()
    await world.pass(60_000)
    expect(world.sockets).toHaveLength(1)
    expect(world.log).toEqual(['closing', `closed ${reason}`])
    expect(world.timersLeft).toBe(0)
  })

  it('comes back when the server stops in order', async () => {
    world.socket.onopen?.()
    world.say({ type: 'closing', reason: 'server_stopping' })
    world.socket.onclose?.()
    await world.pass(1_000)
    expect(world.sockets).toHaveLength(2)
  })

  it('asks whether we are logged in when a handshake is refused, and ends when not', async () => {
    world.refusal = 'expired'
    world.socket.onclose?.()
    await world.pass(60_000)
    expect(world.sockets).toHaveLength(1)
    expect(world.log).toEqual(['down', 'closed expired'])
  })

  it('stops trying when a server that is there refuses again and again', async () => {
    world.refusal = 'refused'
    for (let n = 0; n < 3; n += 1) {
      world.socket.onclose?.()
      await world.pass(8_000)
    }
    expect(world.sockets).toHaveLength(3)
    expect(world.log[world.log.length - 1]).toBe('closed refused')
  })

  it('gives up a handshake that hangs', async () => {
    await world.pass(11_000)
    expect(world.sockets).toHaveLength(2)
    expect(world.sockets[0]?.closedByUs).toBe(true)
  })

  it('takes silence for a lost network while pictures are due', async () => {
    world.socket.onopen?.()
    world.picture()
    await world.pass(11_000)
    world.picture()
    await world.pass(11_000)
    expect(world.sockets).toHaveLength(1)
    await world.pass(2_000)
    expect(world.sockets).toHaveLength(2)
    expect(world.log).toContain('down')
  })

  it('lets an offline device be silent for an hour', async () => {
    world.socket.onopen?.()
    world.picture()
    world.say({ type: 'offline' })
    await world.pass(3_600_000)
    expect(world.sockets).toHaveLength(1)
  })

  it('leaves nothing behind when it is stopped, and hears nothing more', async () => {
    const { socket } = world
    socket.onopen?.()
    world.picture()
    connection.stop()
    expect(socket.closedByUs).toBe(true)
    expect(socket.onmessage).toBeNull()
    await world.pass(60_000)
    expect(world.sockets).toHaveLength(1)
    expect(world.timersLeft).toBe(0)
  })

  it('restarts at once when told to', () => {
    world.socket.onopen?.()
    connection.restart()
    expect(world.sockets).toHaveLength(2)
  })
})
