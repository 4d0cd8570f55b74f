import { describe, expect, it } from 'vitest'
import type { ChannelInfo, Checkpoint, TrackInfo } from '@/api/types'
import { allGood, checks, type Check, type CheckName, type Evidence } from './checklist'

const video: TrackInfo = { kind: 'video', codec: 'h264', codec_string: 'avc3.64001f', width: 1280, height: 720 }
const audio = (codec: string): TrackInfo => ({ kind: 'audio', codec, codec_string: codec, sample_rate: 48_000 })
const place: Checkpoint = { id: 'g25', name: 'G25', unit: 'u', latitude: 30.2, longitude: 120.1, address: '' }

function channel(fields: Partial<ChannelInfo>): ChannelInfo {
  return {
    channel: 'main',
    state: 'live',
    since: '2026-11-24T04:00:00.000Z',
    reason: null,
    tracks: [video, audio('aac')],
    bitrate_kbps: 900,
    fps: 25,
    delay_s: 0,
    viewers: 0,
    ...fields,
  }
}

function judge(evidence: Partial<Evidence>): Record<CheckName, Check> {
  const list = checks({ channel: undefined, refusal: null, checkpoint: place, seen: false, ...evidence })
  return Object.fromEntries(list.map((check) => [check.name, check])) as Record<CheckName, Check>
}

describe('before the device comes', () => {
  it('waits, and says so', () => {
    expect(judge({}).connected).toMatchObject({ state: 'waiting', say: 'waiting' })
    expect(judge({}).picture.state).toBe('waiting')
  })

  it('tells at once why it was turned away', () => {
    const refusal = { reason: 'wrong_key', at: '2026-11-24T04:00:00.000Z', peer: '10.0.0.1', words: '' }
    expect(judge({ refusal }).connected).toMatchObject({ state: 'bad', say: 'refused', refusal })
  })
})

describe('when it is live', () => {
  it('is good with picture, sound, true clock and place', () => {
    const list = checks({ channel: channel({ clock_offset_s: 0.2 }), refusal: null, checkpoint: place, seen: true })
    expect(list.map((check) => check.state)).toEqual(['good', 'good', 'good', 'good', 'good'])
    expect(allGood(list)).toBe(true)
  })

  it('takes G.711 for good: it is made into what browsers play', () => {
    expect(judge({ channel: channel({ tracks: [video, audio('pcm_alaw')] }) }).sound).toMatchObject({ state: 'good', text: 'pcm_alaw' })
  })

  it('leaves the clock alone where the server does not compare', () => {
    expect(judge({ channel: channel({}) }).clock).toMatchObject({ state: 'good', say: 'clockServer' })
    expect(judge({ channel: channel({ clock_offset_s: null }) }).clock.state).toBe('warn')
  })

  it('warns of a silent device and of a clock that is off, and lets it be handed out', () => {
    const list = checks({ channel: channel({ tracks: [video], clock_offset_s: -3600 }), refusal: null, checkpoint: place, seen: true })
    expect(list.map((check) => check.state)).toEqual(['good', 'good', 'warn', 'warn', 'good'])
    expect(allGood(list)).toBe(true)
  })

  it('is not good without a picture', () => {
    const list = checks({ channel: channel({ tracks: [audio('aac')] }), refusal: null, checkpoint: place, seen: true })
    expect(list[1]?.state).toBe('bad')
    expect(allGood(list)).toBe(false)
  })
})

describe('when something is wrong', () => {
  it('names the codec that is not taken', () => {
    const refused = channel({ state: 'codec_not_supported', reason: 'VP8', tracks: [] })
    expect(judge({ channel: refused }).connected).toMatchObject({ state: 'bad', say: 'codec', reason: 'VP8' })
  })

  it('tells a drop from a first wait', () => {
    expect(judge({ channel: channel({ state: 'offline' }), seen: true }).connected.say).toBe('dropped')
  })

  it('asks for the position of the checkpoint', () => {
    expect(judge({ checkpoint: { ...place, latitude: null, longitude: null } }).position.say).toBe('positionNone')
  })
})
