import { describe, expect, it } from 'vitest'
import type { ChannelInfo, ChannelName, ChannelWord, Device } from '@/api/types'
import { deviceWord, refusalStands } from './device_state'

const SEEN = '2026-11-24T04:00:00.000Z'
const device = (fields: Partial<Device> = {}): Device => ({
  id: 'dev1',
  version: 1,
  name: '',
  model: '',
  checkpoint: 'c',
  unit: 'u',
  enabled: true,
  created_at: SEEN,
  last_seen: SEEN,
  last_refusal: null,
  fetched: false,
  rtsp_url: 'rtsp://127.0.0.1:8554/d',
  rtsps_url: null,
  whip_url: 'http://127.0.0.1:8080/whip/d',
  channels: [],
  ...fields,
})
const channel = (name: ChannelName, state: ChannelWord): ChannelInfo => ({
  channel: name,
  state,
  since: SEEN,
  reason: null,
  tracks: [],
  bitrate_kbps: 0,
  fps: 0,
  delay_s: 0,
  viewers: 0,
})

describe('the word for a device', () => {
  it('is that of its main channel', () => {
    expect(deviceWord(device(), [channel('main', 'stalled'), channel('sub', 'live')])).toBe('stalled')
  })

  it('is that of the sub channel when only that is sent', () => {
    expect(deviceWord(device(), [channel('main', 'offline'), channel('sub', 'live')])).toBe('live')
  })

  it('tells one that was away from one that never came', () => {
    expect(deviceWord(device(), [])).toBe('offline')
    expect(deviceWord(device({ last_seen: null }), [undefined])).toBe('never')
    expect(deviceWord(device({ last_seen: null }), [channel('main', 'offline')])).toBe('never')
    expect(deviceWord(device({ last_seen: null }), [{ ...channel('main', 'offline'), reason: 'takeover' }])).toBe('offline')
  })

  it('is disabled whatever it sends', () => {
    expect(deviceWord(device({ enabled: false }), [channel('main', 'live')])).toBe('disabled')
  })
})

describe('a refusal', () => {
  const refused = (at: string): Device => device({ last_refusal: { reason: 'wrong_key', at, peer: 'p', words: '' } })

  it('stands while the device has not been let in since', () => {
    expect(refusalStands(refused('2026-11-24T05:00:00.000Z'), 'offline')).toBe(true)
    expect(refusalStands(refused('2026-11-24T03:00:00.000Z'), 'offline')).toBe(false)
  })

  it('is history as soon as the device is live', () => {
    expect(refusalStands(refused('2026-11-24T05:00:00.000Z'), 'live')).toBe(false)
  })
})
