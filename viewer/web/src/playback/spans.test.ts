import { describe, expect, it } from 'vitest'
import { type Gap, type Lane, laneFrom, type Run } from './contract'
import { gapAt, grown, nextFootage, nextGap, pathAhead, runAfter, runAt, runBefore, withGap, without } from './spans'

const run = (startMs: number, endMs: number, live = false): Run => ({ startMs, endMs, live })
const gap = (startMs: number, endMs: number, cause = 'offline', ongoing = false): Gap => ({ cause, startMs, endMs, ongoing, closedBy: [], whole: false })

function lane(runs: Run[], gaps: Gap[] = []): Lane {
  return { device: 'dev1', name: '', checkpoint: 'gate', runs, gaps, kept: [], originals: [], thinned: false }
}

const one = lane([run(100, 200), run(300, 400), run(390, 500)], [gap(200, 300), gap(500, 600, 'stalled', true)])

describe('a lane', () => {
  it('knows the footage of a moment, before it and behind it; an end is not part of a run', () => {
    expect([99, 100, 199, 200, 395, 499, 500].map((at) => runAt(one, at)?.startMs ?? null)).toEqual([null, 100, 100, null, 390, 390, null])
    expect(runAfter(one, 200)?.startMs).toBe(300)
    expect(runAfter(one, 390)).toBeNull()
    expect(runBefore(one, 250)?.endMs).toBe(200)
    expect(runBefore(one, 150)).toBeNull()
  })

  it('knows why there is none, and that a gap goes on', () => {
    expect(gapAt(one, 250)?.cause).toBe('offline')
    expect(gapAt(one, 150)).toBeNull()
    expect(gapAt(one, 9_000)?.cause).toBe('stalled')
  })

  it('is in order whatever came', () => {
    const iso = (ms: number) => new Date(ms).toISOString()
    const item = { stream: 's', live: false }
    const made = laneFrom({
      device: 'd',
      device_name: '',
      checkpoint: 'c',
      channel: 'main',
      runs: [
        { ...item, start: iso(300), end: iso(400) },
        { ...item, start: iso(100), end: iso(200) },
      ],
      gaps: [],
      kept: [],
      originals: [],
      thinned: false,
    })
    expect(made.runs.map(({ startMs }) => startMs)).toEqual([100, 300])
  })

  it('grows at its end, and what goes on there is no gap any more', () => {
    expect(grown(one, { startMs: 390, endMs: 900 }, true).runs[2]).toEqual(run(390, 900, true))
    expect(grown(one, { startMs: 390, endMs: 450 }, true)).toBe(one)
    expect(grown(one, { startMs: 390, endMs: 500 }, false)).toBe(one)
    const back = grown(grown(one, { startMs: 390, endMs: 900 }, true), { startMs: 7_000, endMs: 7_200 }, true)
    expect(back.runs.slice(2)).toEqual([run(390, 900), run(7_000, 7_200, true)])
    expect(back.gaps[1]).toEqual(gap(500, 7_000, 'stalled'))
    expect(grown(back, { startMs: 7_000, endMs: 7_200 }, false).runs[3]?.live).toBe(false)
  })

  it('knows a gap again that is told with parts of a millisecond, and what closes it', () => {
    const closedBy = [{ startMs: 200, endMs: 300, receivedAt: '2027-01-15T08:00:00Z' }]
    const closed = lane([run(100, 200), run(300, 400)], [{ ...gap(200, 300), closedBy, whole: true }])
    expect(withGap(closed, gap(200.4, 300.2))).toBe(closed)
    expect(withGap(closed, gap(200.4, 350.2)).gaps).toEqual([{ ...gap(200.4, 350.2), closedBy }])
  })

  it('has no footage in its gaps', () => {
    expect(without(run(100, 500), [gap(450, 900), gap(50, 120), gap(200, 300), gap(210, 220)])).toEqual([
      { startMs: 120, endMs: 200 },
      { startMs: 300, endMs: 450 },
    ])
    expect(without(run(100, 500), [])).toEqual([{ startMs: 100, endMs: 500 }])
  })

  it('takes a gap in once', () => {
    const more = withGap(one, gap(410, 420, 'packet_loss'))
    expect(more.gaps.map(({ startMs }) => startMs)).toEqual([200, 410, 500])
    expect(withGap(more, gap(410, 420, 'packet_loss'))).toBe(more)
    expect(withGap(more, gap(500, 650, 'stalled')).gaps[2]).toEqual(gap(500, 650, 'stalled'))
  })
})

describe('several lanes', () => {
  const other = lane([run(150, 250)], [gap(250, 900, 'stalled')])

  it('have the footage and the gap that any of them has', () => {
    expect(nextFootage([one, other], 120)).toBe(150)
    expect(nextFootage([one, other], 500)).toBeNull()
    expect(nextGap([one, other], 210)?.startMs).toBe(250)
    expect(nextGap([one, other], 600)).toBeNull()
  })

  it('have a way ahead that leaves out what nobody has', () => {
    expect(pathAhead([one, other], 180, 200)).toEqual([
      { startMs: 180, endMs: 250 },
      { startMs: 300, endMs: 430 },
    ])
    expect(pathAhead([one], 200, 50)).toEqual([{ startMs: 300, endMs: 350 }])
    expect(pathAhead([one], 600, 50)).toEqual([])
  })
})
