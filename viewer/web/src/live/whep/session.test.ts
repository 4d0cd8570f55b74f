import { describe, expect, it } from 'vitest'
import { Problem, unreachable } from '@/api/problem'
import { NotTaken } from '@/webrtc/http_session'
import { closingOf, endOf } from './session'

const refused = (status: number, body: unknown = null, retryAfterS = 0): NotTaken =>
  new NotTaken(new Problem({ status, title: 'no' }), retryAfterS, body)

describe('a refused offer', () => {
  it('says why the picture cannot be carried', () => {
    expect(endOf(refused(406, { why_not: { video: 'b_frames' } }))).toMatchObject({ why: 'codec', detail: 'b_frames' })
    expect(endOf(refused(406, '<html>'))).toMatchObject({ why: 'codec', detail: '' })
  })

  it.each([
    [refused(409), 'not_sending', 0],
    [refused(404), 'refused', 0],
    [refused(403), 'refused', 0],
    [refused(503, null, 5), 'busy', 5_000],
    [refused(500), 'busy', 0],
    [new NotTaken(unreachable(), 0, null), 'lost', 0],
  ] as const)('falls back: %o', (answer, why, afterMs) => {
    expect(endOf(answer)).toMatchObject({ kind: 'fallback', why, afterMs })
  })
})

describe('a session that the server closes', () => {
  it('is asked for anew when only the codec is another one', () => {
    expect(closingOf('codec_changed')).toEqual({ kind: 'anew' })
  })

  it('is left to the WebSocket, which waits for the server', () => {
    expect(closingOf('server_stopping')).toMatchObject({ kind: 'fallback', why: 'lost' })
  })

  it.each(['revoked', 'expired', 'device_removed'] as const)('is the end of watching: %s', (reason) => {
    expect(closingOf(reason)).toEqual({ kind: 'closed', reason })
  })
})
