import { describe, expect, it } from 'vitest'
import { parseMessage } from './messages'

const say = (value: unknown) => parseMessage(JSON.stringify(value))

describe('parseMessage', () => {
  it('reads the tracks of an init, playable or not', () => {
    expect(
      say({
        type: 'init',
        stream: '01J',
        tracks: [
          { id: 1, kind: 'video', mime: 'video/mp4; codecs="avc3.64001f"', codec: 'h264', width: 1280, height: 720 },
          { id: 2, kind: 'audio', mime: null, codec: 'pcm_alaw' },
        ],
      }),
    ).toEqual({
      type: 'init',
      stream: '01J',
      tracks: [
        { id: 1, kind: 'video', mime: 'video/mp4; codecs="avc3.64001f"', codec: 'h264', width: 1280, height: 720 },
        { id: 2, kind: 'audio', mime: null, codec: 'pcm_alaw', width: 0, height: 0 },
      ],
    })
  })

  it('names the codec of the device where something else is sent for it', () => {
    const track = { id: 2, kind: 'audio', mime: 'audio/mp4; codecs="opus"', codec: 'opus', replaces: 'pcm_alaw' }
    expect(say({ type: 'init', tracks: [track] })).toMatchObject({ tracks: [{ mime: track.mime, codec: 'pcm_alaw' }] })
    expect(say({ type: 'sound', state: 'given_up' })).toEqual({ type: 'sound_given_up' })
    expect(say({ type: 'sound', state: 'louder' })).toBeNull()
  })

  it('names the codec by its type when the server does not', () => {
    const message = say({ type: 'init', tracks: [{ id: 1, kind: 'video', mime: 'video/mp4; codecs="avc3.64001f"' }] })
    expect(message).toMatchObject({ tracks: [{ codec: 'avc3' }] })
  })

  it('reads offline with all, or nothing, of its facts', () => {
    const since = '2026-01-01T00:00:00.000Z'
    expect(say({ type: 'offline', state: 'offline', since, last_seen: null, reason: 'stalled' })).toEqual({
      type: 'offline',
      codecNotSupported: false,
      since,
      lastSeen: null,
      reason: 'stalled',
    })
    expect(say({ type: 'offline', state: 'codec_not_supported' })).toMatchObject({ codecNotSupported: true, since: null })
  })

  it('takes an unknown closing reason for a revoked right', () => {
    expect(say({ type: 'closing', reason: 'server_stopping' })).toEqual({ type: 'closing', reason: 'server_stopping' })
    expect(say({ type: 'closing', reason: 'because' })).toEqual({ type: 'closing', reason: 'revoked' })
  })

  it('passes over what it does not know', () => {
    for (const text of ['', '{', 'null', '[]', '7', '"init"', '{"type":"future"}', '{}']) expect(parseMessage(text)).toBeNull()
    expect(say({ type: 'init', tracks: [null, 7, { kind: 'text', id: 1 }, { kind: 'video', id: '1' }] })).toMatchObject({
      tracks: [],
    })
  })
})
