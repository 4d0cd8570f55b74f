import { describe, expect, it } from 'vitest'
import { following, panned, placed, ticks, timeAt, xOf, zoomed } from './scale'

const DAY = 86_400_000
const day = { startMs: 0, endMs: DAY }

describe('the scale of the ribbon', () => {
  it('tells where a moment lies, and which moment lies there', () => {
    const scale = { startMs: 1_000, endMs: 3_000 }
    expect(xOf(scale, 500, 2_000)).toBe(250)
    expect(timeAt(scale, 500, 250)).toBe(2_000)
    expect(timeAt(scale, 0, 250)).toBe(1_000) // before it was laid out
  })

  it('zooms around the pointer, from a day to a second and no farther', () => {
    const at = 50_000_000
    let scale = day
    for (let n = 0; n < 200; n += 1) {
      scale = zoomed(scale, day, 0.8, at)
      expect(xOf(scale, 1_000, at)).toBeCloseTo((at / DAY) * 1_000, 3)
    }
    expect(scale.endMs - scale.startMs).toBe(1_000)
    for (let n = 0; n < 200; n += 1) scale = zoomed(scale, day, 1.25, at)
    expect(scale).toEqual(day)
  })

  it('stays within the day', () => {
    expect(panned({ startMs: 0, endMs: 1_000 }, day, -500)).toEqual({ startMs: 0, endMs: 1_000 })
    expect(placed(DAY - 10, 1_000, day)).toEqual({ startMs: DAY - 1_000, endMs: DAY })
  })

  it('turns a page when the playhead comes to its end, and goes along with a jump', () => {
    const scale = { startMs: 0, endMs: 1_000 }
    expect(following(scale, day, 940)).toBe(scale)
    expect(following(scale, day, 960)).toEqual({ startMs: 860, endMs: 1_860 })
    expect(following(scale, day, DAY)).toEqual({ startMs: DAY - 1_000, endMs: DAY })
  })

  it('marks round moments of local time, not too close', () => {
    const from = new Date(2026, 10, 24, 10, 0, 7).getTime()
    const found = ticks({ startMs: from, endMs: from + 60_000 }, 600, 90)
    expect(found.map(({ label }) => label)).toEqual(['10:00:10', '10:00:20', '10:00:30', '10:00:40', '10:00:50', '10:01:00'])
    expect(ticks({ startMs: from, endMs: from + 1_000 }, 1_000, 90).map(({ label }) => label)[1]).toBe('10:00:07.1')
    expect(ticks(day, 0, 90)).toEqual([])
  })
})
