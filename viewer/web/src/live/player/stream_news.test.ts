import { describe, expect, it } from 'vitest'

import { changedBy, entered } from './stream_news'
import { NOTHING_YET, type PictureState } from './status'

const as = (state: PictureState) => ({ ...NOTHING_YET, state })

describe('what is said of a stream', () => {
  it('begins to wait for a device that is back, and disturbs no other picture', () => {
    expect(changedBy({ type: 'online' }, as('offline'))).toEqual({ state: 'waiting', since: null, reason: '' })
    expect(changedBy({ type: 'online' }, as('stalled')).state).toBe('waiting')
    expect(changedBy({ type: 'online' }, as('live'))).toEqual({})
    expect(changedBy({ type: 'online' }, as('unsupported'))).toEqual({})
  })

  it('says since when, and why', () => {
    const offline = { type: 'offline', codecNotSupported: false, since: null, lastSeen: 'then', reason: 'timeout' } as const
    expect(changedBy({ type: 'stalled', since: 'now' }, as('live'))).toEqual({ state: 'stalled', since: 'now', reason: '' })
    expect(changedBy(offline, as('live'))).toEqual({ state: 'offline', since: 'then', reason: 'timeout', delayS: 0 })
    expect(changedBy({ ...offline, codecNotSupported: true }, as('live')).state).toBe('unsupported')
    expect(changedBy({ type: 'delay', seconds: 4 }, as('live'))).toEqual({ delayS: 4 })
  })

  it('leaves the explanation of a state behind with it', () => {
    expect(entered('live')).toEqual({ state: 'live', since: null, reason: '' })
  })
})
