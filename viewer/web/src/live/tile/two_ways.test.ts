import { beforeEach, describe, expect, it } from 'vitest'
import { type LiveStatus, NOTHING_YET } from '../player/status'
import { WhepMemory } from '../whep/memory'
import type { WhepEnd } from '../whep/session'
import { type DirectWay, type SocketWay, TwoWays } from './two_ways'

class FakeWay implements SocketWay, DirectWay {
  running = false
  muted = true
  pressed: boolean[] = []

  constructor(readonly onStatus: (status: LiveStatus) => void) {}

  start(): void {
    this.running = true
  }

  stop(): void {
    this.running = false
  }

  hurry(): void {}

  setMuted(muted: boolean): void {
    this.muted = muted
  }

  talk(down: boolean): void {
    this.pressed.push(down)
  }

  say(change: Partial<LiveStatus>): void {
    this.onStatus({ ...NOTHING_YET, stream: 's1', ...change })
  }
}

let log: string[]
let nowMs: number
let socket: FakeWay
let sessions: { way: FakeWay; end: (end: WhepEnd) => void }[]
let memory: WhepMemory
let tile: TwoWays
let last: LiveStatus

const whep = () => sessions[sessions.length - 1]?.way as FakeWay
const endWhep = (end: WhepEnd): void => sessions[sessions.length - 1]?.end(end)
const fallback = (why: 'blocked' | 'lost' | 'codec'): WhepEnd => ({ kind: 'fallback', why, detail: '', afterMs: 0 })
const byWebRtc = { transport: 'webrtc', state: 'live' } as const

beforeEach(() => {
  log = []
  nowMs = 0
  sessions = []
  memory = new WhepMemory()
  tile = new TwoWays(
    {
      socket: (onStatus) => (socket = new FakeWay(onStatus)),
      webrtc: (onStatus, onEnded): DirectWay => {
        const way = new FakeWay(onStatus)
        sessions.push({ way, end: onEnded })
        return way
      },
    },
    'dev1/main',
    memory,
    () => nowMs,
    {
      onStatus: (status) => {
        last = status
        log.push(`${status.transport} ${status.state}`)
      },
      onShown: (transport) => log.push(`shown ${transport}`),
      keepPicture: () => log.push('keep'),
    },
  )
  tile.want(true)
  tile.start()
})

describe('TwoWays', () => {
  it('has a way for a word while WebRTC shows the picture, and lets go of the key at any time', () => {
    tile.talk(true)
    socket.say({ state: 'live' })
    tile.talk(true) // WebRTC is asked for, and shows nothing yet
    tile.talk(false)
    whep().say(byWebRtc)
    tile.talk(true)
    tile.talk(false)
    expect([socket.pressed, whep().pressed]).toEqual([[], [false, true, false]])
  })

  it('shows by the WebSocket at once, and asks for WebRTC when there is something to see', () => {
    socket.say({ state: 'connecting' })
    socket.say({ state: 'offline' })
    expect(sessions).toHaveLength(0)
    socket.say({ state: 'live' })
    expect(whep().running).toBe(true)
    expect(last).toMatchObject({ transport: 'websocket', state: 'live', whyNotWebRtc: null })
  })

  it('goes over when the first picture is there, and closes the WebSocket only then', () => {
    socket.say({ state: 'live' })
    whep().say({ transport: 'webrtc', state: 'waiting' })
    expect([socket.running, last.transport]).toEqual([true, 'websocket'])
    whep().say(byWebRtc)
    expect([socket.running, last.transport]).toEqual([false, 'webrtc'])
    expect(log.filter((line) => line.startsWith('shown'))).toEqual(['shown webrtc'])
    whep().say({ transport: 'webrtc', state: 'offline' })
    expect(last.state).toBe('offline')
  })

  it('falls back without a black picture: the last one stays until the WebSocket has one', () => {
    socket.say({ state: 'live' })
    whep().say(byWebRtc)
    log.length = 0
    endWhep(fallback('lost'))
    expect(log).toEqual(['keep', 'shown websocket'])
    expect(socket.running).toBe(true)
    socket.say({ state: 'connecting' })
    socket.say({ state: 'waiting' })
    expect(log).toHaveLength(2)
    socket.say({ state: 'live' })
    expect(last).toMatchObject({ transport: 'websocket', whyNotWebRtc: { why: 'lost' } })
  })

  it('says that it is connecting when the WebSocket takes longer than a moment', () => {
    socket.say({ state: 'live' })
    whep().say(byWebRtc)
    endWhep(fallback('lost'))
    nowMs += 3_000
    socket.say({ state: 'connecting' })
    expect(last.state).toBe('connecting')
  })

  it('says at once that the device went off line meanwhile', () => {
    socket.say({ state: 'live' })
    whep().say(byWebRtc)
    endWhep(fallback('lost'))
    socket.say({ state: 'offline' })
    expect(last.state).toBe('offline')
  })

  it('tries again after a while, for the same stream, and not where UDP is blocked', () => {
    socket.say({ state: 'live' })
    endWhep(fallback('lost'))
    socket.say({ state: 'live' })
    expect(sessions).toHaveLength(1)
    nowMs += 10_000
    socket.say({ state: 'live' })
    expect(sessions).toHaveLength(2)
    endWhep(fallback('blocked'))
    nowMs += 1e9
    socket.say({ state: 'live' })
    expect(sessions).toHaveLength(2)
    expect(last.whyNotWebRtc).toEqual({ why: 'blocked', detail: '' })
  })

  it('asks for another stream though the last one could not be carried', () => {
    socket.say({ state: 'live' })
    endWhep(fallback('codec'))
    socket.say({ state: 'live' })
    socket.say({ state: 'live', stream: 's2' })
    expect(sessions).toHaveLength(2)
  })

  it('asks anew at once when only the codec is another one', () => {
    socket.say({ state: 'live' })
    whep().say(byWebRtc)
    endWhep({ kind: 'anew' })
    socket.say({ state: 'live' })
    expect(sessions).toHaveLength(2)
  })

  it('ends both ways when the right to watch is gone', () => {
    socket.say({ state: 'live' })
    whep().say(byWebRtc)
    endWhep({ kind: 'closed', reason: 'revoked' })
    expect([socket.running, last.state, last.closing]).toEqual([false, 'closed', 'revoked'])
  })

  it('gives WebRTC up when it is not wanted any more', () => {
    socket.say({ state: 'live' })
    whep().say(byWebRtc)
    tile.want(false)
    expect([socket.running, whep().running]).toEqual([true, false])
    socket.say({ state: 'live' })
    expect(sessions).toHaveLength(1)
    expect(memory.whyNot('dev1/main')).toBeNull()
  })

  it('listens by the WebSocket to sound that WebRTC does not carry, and comes back when nobody listens', () => {
    socket.say({ state: 'live', sound: 'off' })
    whep().say({ ...byWebRtc, sound: 'unsupported' })
    tile.setMuted(false)
    whep().say({ ...byWebRtc, sound: 'unsupported' })
    expect([socket.running, whep().running]).toEqual([true, false])
    socket.say({ state: 'live', sound: 'on' })
    expect(sessions).toHaveLength(1)
    expect(last.whyNotWebRtc).toEqual({ why: 'sound', detail: '' })
    tile.setMuted(true)
    socket.say({ state: 'live', sound: 'off' })
    expect(sessions).toHaveLength(2)
  })

  it('hears nothing of a session that is over', () => {
    socket.say({ state: 'live' })
    const before = whep()
    tile.want(false)
    before.say(byWebRtc)
    expect([last.transport, socket.running]).toEqual(['websocket', true])
  })

  it('leaves nothing open when it is stopped', () => {
    socket.say({ state: 'live' })
    whep().say(byWebRtc)
    tile.stop()
    expect([socket.running, whep().running]).toEqual([false, false])
  })
})
