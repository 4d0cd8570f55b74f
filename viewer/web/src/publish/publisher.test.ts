import { beforeEach, describe, expect, it } from 'vitest'
import { Problem, unreachable } from '@/api/problem'
import { NotTaken } from '@/webrtc/http_session'
import type { Report } from '@/webrtc/report'
import type { PathState, PublishConnection, PublishConnectionEvents, Tracks } from './connection'
import { Publisher, type Surroundings } from './publisher'
import { IDLE, type PublishStatus } from './status'

type Answer = 'taken' | NotTaken

const refusal = (status: number, kind = '', retryAfterS = 0): NotTaken =>
  new NotTaken(new Problem({ status, title: 'no', type: `urn:mingjing:problem:${kind}` }), retryAfterS, null)
const away = (): NotTaken => new NotTaken(unreachable(), 0, null)

class FakeConnection implements PublishConnection {
  restarts = 0
  closed = false
  dropped = false
  voice = false

  constructor(
    private readonly world: World,
    private readonly events: PublishConnectionEvents,
  ) {}

  open(): Promise<void> {
    return this.world.answered()
  }

  restart(): Promise<void> {
    this.restarts += 1
    return this.world.answered()
  }

  setPicture(): Promise<void> {
    return Promise.resolve()
  }

  statistics(): Promise<Report> {
    return Promise.resolve([])
  }

  hearsVoice(): boolean {
    return this.voice
  }

  close(): Promise<void> {
    this.closed = true
    return Promise.resolve()
  }

  drop(): void {
    this.dropped = true
  }

  path(state: PathState): void {
    this.events.onPath(state)
  }
}

class World implements Surroundings {
  connections: FakeConnection[] = []
  answers: Answer[] = []
  status: PublishStatus = IDLE
  timeMs = 0
  private timers = new Map<number, { atMs: number; callback: () => void }>()
  private nextId = 1

  connect(_: Tracks, events: PublishConnectionEvents): PublishConnection {
    const connection = new FakeConnection(this, events)
    this.connections.push(connection)
    return connection
  }

  answered(): Promise<void> {
    const answer = this.answers.shift() ?? 'taken'
    return answer === 'taken' ? Promise.resolve() : Promise.reject(answer)
  }

  random = (): number => 1

  nowMs = (): number => this.timeMs

  clockMs = (): number => 1_700_000_000_000 + this.timeMs

  setTimer(callback: () => void, ms: number): number {
    this.timers.set(this.nextId, { atMs: this.timeMs + ms, callback })
    return this.nextId++
  }

  clearTimer(id: number): void {
    this.timers.delete(id)
  }

  async pass(ms: number): Promise<void> {
    const end = this.timeMs + ms
    for (;;) {
      await settle()
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

  get connection(): FakeConnection {
    return this.connections[this.connections.length - 1] as FakeConnection
  }
}

const settle = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 0))

let world: World
let publisher: Publisher

beforeEach(() => {
  world = new World()
  const picture = { getSettings: () => ({ frameRate: 25 }) } as unknown as MediaStreamTrack
  publisher = new Publisher(
    { picture, sound: null },
    world,
    (status) => (world.status = status),
    () => undefined,
  )
})

async function live(): Promise<void> {
  publisher.start()
  await settle()
  world.connection.path('connected')
}

describe('Publisher', () => {
  it('is live once the path is there, and says since when', async () => {
    publisher.start()
    expect(world.status.state).toBe('connecting')
    await world.pass(700)
    world.connection.path('connected')
    expect(world.status).toMatchObject({ state: 'live', sinceMs: world.clockMs() })
  })

  it.each([
    [refusal(401), 'wrong_key'],
    [refusal(403), 'disabled'],
    [refusal(403, 'insecure-transport'), 'insecure'],
    [refusal(406), 'codec'],
    [refusal(415), 'refused'],
  ] as const)('stays away when the server says no for good: %o', async (answer, trouble) => {
    world.answers = [answer]
    publisher.start()
    await world.pass(60_000)
    expect(world.status).toMatchObject({ state: 'refused', trouble })
    expect(world.connections).toHaveLength(1)
    expect(world.timersLeft).toBe(0)
  })

  it('waits as long as a busy server says, and goes on trying while there is none', async () => {
    world.answers = [refusal(503, 'unavailable', 5), away(), 'taken']
    publisher.start()
    await world.pass(4_900)
    expect([world.connections.length, world.status.trouble]).toEqual([1, 'busy'])
    await world.pass(200)
    expect([world.connections.length, world.status.trouble]).toEqual([2, 'unreachable'])
    await world.pass(1_000)
    world.connection.path('connected')
    expect(world.status.state).toBe('live')
  })

  it('says that no media comes through where only HTTP does, and tries on', async () => {
    publisher.start()
    await world.pass(10_000)
    expect(world.status).toMatchObject({ state: 'connecting', trouble: 'no_path' })
    await world.pass(500)
    expect(world.connections).toHaveLength(2)
    expect(world.connections[0]?.dropped).toBe(true)
  })

  it('lets a path that comes back by itself be', async () => {
    await live()
    world.connection.path('lost')
    expect(world.status.state).toBe('reconnecting')
    await world.pass(1_000)
    world.connection.path('connected')
    await world.pass(60_000)
    expect(world.status.state).toBe('live')
    expect([world.connections.length, world.connection.restarts]).toEqual([1, 0])
  })

  it('restarts ICE in the same session when the path does not come back, and opens another when that does not help', async () => {
    await live()
    world.connection.path('lost')
    await world.pass(1_500)
    expect([world.connections.length, world.connection.restarts]).toEqual([1, 1])
    await world.pass(6_000)
    await world.pass(500)
    expect(world.connections).toHaveLength(2)
    world.connection.path('connected')
    expect(world.status.state).toBe('live')
  })

  it('keeps its session while the server cannot be reached, for as long as the server keeps it', async () => {
    await live()
    world.answers = [away(), away(), 'taken']
    world.connection.path('failed')
    await world.pass(500 + 1_000)
    expect([world.connections.length, world.connection.restarts]).toEqual([1, 3])
    world.connection.path('connected')
    await world.pass(60_000)
    expect(world.connections).toHaveLength(1)

    world.answers = Array.from({ length: 20 }, away)
    world.connection.path('failed')
    await world.pass(40_000)
    expect(world.connections.length).toBeGreaterThan(1)
  })

  it('opens another session when the server knows this one no longer', async () => {
    await live()
    world.answers = [refusal(404)]
    world.connection.path('failed')
    await world.pass(500)
    expect(world.connections).toHaveLength(2)
  })

  it.each([
    ['takeover', 'ended', 'taken_over'],
    ['disabled', 'refused', 'disabled'],
    ['key_rotated', 'refused', 'wrong_key'],
  ] as const)('does not come back when the server ended it by %s', async (cause, state, trouble) => {
    await live()
    world.answers = [new NotTaken(new Problem({ status: 410, title: 'gone' }), 0, { cause })]
    world.connection.path('ended')
    await world.pass(60_000)
    expect(world.status).toMatchObject({ state, trouble })
    expect([world.connections.length, world.timersLeft]).toEqual([1, 0])
  })

  it('comes back to a server that stopped', async () => {
    await live()
    world.answers = [new NotTaken(new Problem({ status: 410, title: 'gone' }), 0, { cause: 'server_stopped' }), away()]
    world.connection.path('ended')
    await world.pass(2_000)
    expect(world.connections.length).toBeGreaterThan(1)
  })

  it('restarts at once on another network, and is not disturbed where the old path goes on', async () => {
    await live()
    publisher.hurry()
    await world.pass(30_000)
    expect(world.connection.restarts).toBe(1)
    expect([world.status.state, world.connections.length]).toEqual(['live', 1])
  })

  it('does not wait for its next try when the network is back', async () => {
    world.answers = [away(), away(), away(), away(), away()]
    publisher.start()
    await world.pass(5_000)
    const before = world.connections.length
    publisher.hurry()
    await settle()
    expect(world.connections).toHaveLength(before + 1)
  })

  it('says when a supervisor speaks', async () => {
    await live()
    world.connection.voice = true
    await world.pass(500)
    expect(world.status.voice).toBe(true)
    world.connection.voice = false
    await world.pass(500)
    expect(world.status.voice).toBe(false)
  })

  it('ends in order, and leaves nothing behind', async () => {
    await live()
    await publisher.stop()
    expect(world.connection.closed).toBe(true)
    expect(world.status).toEqual(IDLE)
    expect(world.timersLeft).toBe(0)
  })
})
