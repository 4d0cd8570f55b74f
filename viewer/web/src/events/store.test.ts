import { createPinia, setActivePinia } from 'pinia'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { alarmOf } from '@/alarms/alarm.fixture'
import type { Alarm, LiveChannel } from '@/api/types'
import { useSession } from '@/session/store'
import { BATCH_MS } from './batches'
import { useEvents } from './store'

const channel = (device: string, fields: Partial<LiveChannel> = {}): LiveChannel => ({
  device,
  channel: 'main',
  state: 'live',
  since: '2026-11-24T04:00:00.000Z',
  reason: null,
  tracks: [{ kind: 'video', codec: 'h264', codec_string: 'avc3.64001f' }],
  bitrate_kbps: 900,
  fps: 25,
  delay_s: 0,
  viewers: 0,
  ...fields,
})
const alarm = (device: string, fields: Partial<Alarm> = {}): Alarm => alarmOf({ id: device, device, ...fields })

describe('the live state', () => {
  let events: ReturnType<typeof useEvents>

  beforeEach(() => {
    setActivePinia(createPinia())
    events = useEvents()
    events.apply({ type: 'snapshot', channels: [channel('a'), channel('b')], alarms: [] })
  })

  it('is replaced by a snapshot: what is not in it is gone', () => {
    events.apply({ type: 'snapshot', channels: [channel('b')], alarms: [alarm('x')] })
    expect([...events.channels.keys()]).toEqual(['b/main'])
    expect(events.alarms).toHaveLength(1)
    expect(events.generation).toBe(2)
  })

  it('takes figures without losing what only a change tells', () => {
    events.apply({ type: 'statistics', channels: [{ device: 'a', channel: 'main', bitrate_kbps: 5, fps: 1, delay_s: 9, viewers: 3 }] })
    expect(events.channel('a', 'main')).toEqual(channel('a', { bitrate_kbps: 5, fps: 1, delay_s: 9, viewers: 3 }))
  })

  it('does not invent a channel from figures that come late', () => {
    events.apply({ type: 'statistics', channels: [{ device: 'gone', channel: 'main', bitrate_kbps: 5, fps: 1, delay_s: 9, viewers: 3 }] })
    expect(events.channel('gone', 'main')).toBeUndefined()
  })

  it('touches no other channel when one changes', () => {
    const other = events.channel('b', 'main')
    events.apply({ type: 'channel', ...channel('a', { state: 'stalled' }) })
    expect(events.channel('a', 'main')?.state).toBe('stalled')
    expect(events.channel('b', 'main')).toBe(other)
  })

  it('forgets the channels of a removed device and tells who listens', () => {
    const heard: string[] = []
    const stop = events.onRegistry((change) => heard.push(`${change.id} ${change.change}`))
    events.apply({ type: 'registry', kind: 'device', id: 'a', change: 'removed' })
    stop()
    events.apply({ type: 'registry', kind: 'device', id: 'b', change: 'edited' })
    expect(events.channel('a', 'main')).toBeUndefined()
    expect(heard).toEqual(['a removed'])
  })

  it('keeps a bounded number of alarms, the newest', () => {
    for (let count = 0; count < 500; count += 1) events.apply({ type: 'alarm', ...alarm(`d${count}`) })
    expect(events.alarms).toHaveLength(200)
    expect(events.alarms.at(-1)?.device).toBe('d499')
  })

  it('tells of the alarms that were raised while the connection was away, and of no other twice', () => {
    const heard: string[] = []
    events.onAlarm((raised) => heard.push(raised.device))
    events.apply({ type: 'alarm', ...alarm('a') })
    events.apply({ type: 'snapshot', channels: [], alarms: [alarm('a'), alarm('b')] })
    events.apply({ type: 'snapshot', channels: [], alarms: [alarm('a'), alarm('b')] })
    expect(heard).toEqual(['a', 'b'])
  })

  it('keeps one line of an alarm that comes again, is over, or is acknowledged, and tells only that it came again', () => {
    const heard: number[] = []
    events.onAlarm((raised) => heard.push(raised.times))
    events.apply({ type: 'alarm', ...alarm('a') })
    events.apply({ type: 'alarm', ...alarm('a', { times: 2 }) })
    events.apply({ type: 'alarm', ...alarm('a', { times: 2, over_at: '2026-01-01T00:01:00.000Z' }) })
    events.takeAlarm(alarm('a', { times: 2, acknowledged_by: 'li.wei', acknowledged_at: '2026-01-01T00:02:00.000Z' }))
    expect(heard).toEqual([1, 2])
    expect(events.alarms.map((one) => [one.device, one.times, one.acknowledged_by])).toEqual([['a', 2, 'li.wei']])
  })

  it('does not tell of alarms from before the login', () => {
    setActivePinia(createPinia())
    const heard: string[] = []
    useEvents().onAlarm((raised) => heard.push(raised.device))
    useEvents().apply({ type: 'snapshot', channels: [], alarms: [alarm('a')] })
    expect(heard).toEqual([])
  })

  it('ends the session when the server says that it is revoked', () => {
    events.apply({ type: 'closing', reason: 'revoked' })
    expect(useSession().ended).toBe('revoked')
    expect(useSession().active).toBe(false)
  })
})

describe('a batch of messages from the socket', () => {
  let events: ReturnType<typeof useEvents>
  let reported: unknown[]
  let heard: string[]
  let socket: { onmessage: ((event: { data: string }) => void) | null }

  /* One message comes alone and is applied at once; the rest wait for each other. */
  const receive = (...messages: unknown[]): void => {
    for (const message of [{ type: 'snapshot', channels: [channel('a')], alarms: [] }, ...messages])
      socket.onmessage?.({ data: JSON.stringify(message) })
    vi.advanceTimersByTime(BATCH_MS)
  }

  beforeEach(() => {
    vi.useFakeTimers()
    reported = []
    heard = []
    vi.stubGlobal('reportError', (error: unknown) => reported.push(error))
    vi.stubGlobal('location', { protocol: 'http:', host: 'here' })
    vi.stubGlobal('window', {
      setTimeout,
      clearTimeout,
      addEventListener: () => undefined,
      removeEventListener: () => undefined,
    })
    vi.stubGlobal(
      'WebSocket',
      class {
        onmessage = null
        constructor() {
          socket = this
        }
        close(): void {}
      },
    )
    setActivePinia(createPinia())
    vi.spyOn(useSession(), 'may').mockReturnValue(true)
    events = useEvents()
    events.start()
  })

  afterEach(() => {
    events.stop()
    vi.unstubAllGlobals()
    vi.useRealTimers()
  })

  it('loses nothing behind a message that cannot be applied', () => {
    receive({ type: 'statistics' }, { type: 'channel', ...channel('b') })
    expect([...events.channels.keys()]).toEqual(['a/main', 'b/main'])
    expect(reported).toEqual([expect.any(TypeError)])
  })

  it('loses nothing behind a listener that throws, and the other listeners hear of it', () => {
    const fault = new Error('of a page')
    events.onAlarm(() => {
      throw fault
    })
    events.onAlarm((raised) => heard.push(raised.device))
    receive({ type: 'snapshot', channels: [channel('b')], alarms: [alarm('x'), alarm('y')] }, { type: 'alarm', ...alarm('z') })
    expect(heard).toEqual(['x', 'y', 'z'])
    expect(events.generation).toBe(2)
    expect(reported).toEqual([fault, fault, fault])
  })

  it('ends with the session: what comes behind is seen by nobody', () => {
    events.onAlarm((raised) => heard.push(raised.device))
    receive({ type: 'closing', reason: 'revoked' }, { type: 'channel', ...channel('b') }, { type: 'alarm', ...alarm('x') })
    expect(useSession().ended).toBe('revoked')
    expect([...events.channels.keys()]).toEqual(['a/main'])
    expect(heard).toEqual([])
  })

  it('is not gone on with when the events are stopped in it', () => {
    events.onRegistry(() => events.stop())
    receive({ type: 'registry', kind: 'device', id: 'c', change: 'added' }, { type: 'channel', ...channel('b') })
    expect([...events.channels.keys()]).toEqual([])
  })
})
