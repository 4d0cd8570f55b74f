import { expect, it } from 'vitest'
import type { Gap, Lane, Run } from '../contract'
import { stripMoments, thumbnailMoment } from './strip'

const run = (startMs: number, endMs: number): Run => ({ startMs, endMs, live: false })
const gap = (startMs: number, endMs: number): Gap => ({ cause: 'offline', startMs, endMs, ongoing: false, closedBy: [], whole: false })

function laneOf(runs: Run[], gaps: Gap[] = []): Lane {
  return { device: 'd', name: '', checkpoint: '', runs, gaps, kept: [], originals: [], thinned: false }
}

it('has a moment for each place, on round seconds, and where footage begins in between', () => {
  const lane = laneOf([run(500, 8_000), run(8_700, 20_000)], [gap(8_000, 8_700)])
  expect(stripMoments(lane, { startMs: 500, endMs: 12_500 }, 400, 60)).toEqual([500, 2_000, 4_000, 6_000, 8_700, 10_000, 12_000])
  expect(stripMoments(lane, { startMs: 900, endMs: 12_900 }, 400, 60).slice(1, 3)).toEqual([2_000, 4_000])
  expect(stripMoments(laneOf([run(1_500, 3_000)]), { startMs: 0, endMs: 12_000 }, 400, 60)).toEqual([2_000])
})

it('is empty while a place is more than a minute, and on a ribbon that is not laid out', () => {
  const lane = laneOf([run(0, 86_400_000)])
  expect(stripMoments(lane, { startMs: 0, endMs: 86_400_000 }, 1_000, 60)).toEqual([])
  expect(stripMoments(lane, { startMs: 0, endMs: 1_000 }, 0, 60)).toEqual([])
  expect(stripMoments(lane, { startMs: 0, endMs: 600_000 }, 600, 60)).toHaveLength(10)
})

it('points at whole seconds, at the moment itself behind the beginning of footage, and at nothing in a gap', () => {
  const lane = laneOf([run(1_500, 8_000)], [gap(8_000, 9_000)])
  expect([1_700, 2_300, 7_999, 8_500, 100].map((at) => thumbnailMoment(lane, at))).toEqual([1_700, 2_000, 7_000, null, null])
})
