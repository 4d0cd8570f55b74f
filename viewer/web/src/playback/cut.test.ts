import { describe, expect, it } from 'vitest'
import { type Cut, CUT_MAX_MS, cutSpan, NO_CUT, withIn, withOut } from './cut'

const S = 1_000
const cut = (inMs: number | null, outMs: number | null): Cut => ({ inMs, outMs })
const ends = (of: Cut, atMs: number, newestMs = 1_000 * S) => Object.values(cutSpan(of, atMs, newestMs))

describe('a cut', () => {
  it('forgets an end that lies before its beginning, whichever was said last', () => {
    expect(withOut(withIn(NO_CUT, 10), 20)).toEqual(cut(10, 20))
    expect(withIn(cut(10, 20), 30)).toEqual(cut(30, null))
    expect(withOut(cut(10, 20), 5)).toEqual(cut(null, 5))
  })

  it('goes from in to out, wherever the playhead is', () => {
    expect(ends(cut(100 * S, 140 * S), 500 * S)).toEqual([100 * S, 140 * S])
  })

  it('takes the playhead, or half a minute, for what nobody has said', () => {
    expect(ends(cut(100 * S, null), 120 * S)).toEqual([100 * S, 120 * S])
    expect(ends(cut(100 * S, null), 90 * S)).toEqual([100 * S, 130 * S])
    expect(ends(cut(null, 100 * S), 0)).toEqual([70 * S, 100 * S])
    expect(ends(NO_CUT, 100 * S)).toEqual([85 * S, 115 * S])
  })

  it('has nothing of what is still to come, and is no longer than the server takes', () => {
    expect(ends(NO_CUT, 100 * S, 101 * S)).toEqual([85 * S, 101 * S])
    expect(ends(cut(0, 2 * CUT_MAX_MS), 0)).toEqual([0, CUT_MAX_MS])
  })
})
