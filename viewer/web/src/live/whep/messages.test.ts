import { describe, expect, it } from 'vitest'
import { parseWhepMessage } from './messages'

const say = (value: unknown) => parseWhepMessage(JSON.stringify(value))

describe('parseWhepMessage', () => {
  it('reads what is shown, and why not the rest', () => {
    expect(
      say({
        type: 'view',
        channel: 'main',
        stream: '01J',
        tracks: [
          { kind: 'video', codec: 'h264', width: 1280, height: 720 },
          { kind: 'text', codec: 'x' },
        ],
        why_not: { audio: 'codec_not_offered', talk: 'device_cannot', odd: 7 },
        talk: false,
      }),
    ).toEqual({
      type: 'view',
      stream: '01J',
      tracks: [{ kind: 'video', codec: 'h264', width: 1280, height: 720 }],
      whyNot: { audio: 'codec_not_offered', talk: 'device_cannot' },
      talk: false,
    })
  })

  it('reads how the link does', () => {
    expect(say({ type: 'link', state: 'poor', shown: 'key_pictures', loss: 0.2, round_trip_ms: 90, units_missed: 12 })).toEqual({
      ...{ type: 'link', state: 'poor', shown: 'key_pictures', missedUnits: 12 },
    })
  })

  it('reads who talks', () => {
    expect(say({ type: 'talk', state: 'busy', by: 'li', reason: null })).toEqual({ type: 'talk', state: 'busy', by: 'li', reason: '' })
  })

  it('reads the rest as the live WebSocket says it', () => {
    expect(say({ type: 'delay', seconds: 1.5 })).toEqual({ type: 'delay', seconds: 1.5 })
    expect(say({ type: 'closing', reason: 'revoked' })).toEqual({ type: 'closing', reason: 'revoked' })
  })

  it('tells another codec, which ends the view, from a right that was revoked', () => {
    expect(say({ type: 'closing', reason: 'codec_changed' })).toEqual({ type: 'closing', reason: 'codec_changed' })
  })

  it('passes over what it does not know', () => {
    for (const text of ['', '{', 'null', '[]', '7', '"view"', '{"type":"future"}', '{"type":"init"}', '{"type":"lag"}']) {
      expect(parseWhepMessage(text)).toBeNull()
    }
    expect(say({ type: 'view', tracks: [null, 7], why_not: 'no' })).toMatchObject({ tracks: [], whyNot: {}, talk: false })
    expect(say({ type: 'link', state: 'odd', shown: 'odd' })).toMatchObject({ state: 'good', shown: 'full' })
  })
})
