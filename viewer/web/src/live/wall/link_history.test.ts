import { expect, it } from 'vitest'
import { NOTHING_YET } from '../player/status'
import { HISTORY_S, polyline, type Sample, scaleTop, withSample } from './link_history'

it('keeps two minutes, a sample a second, whatever comes in between', () => {
  let history: readonly Sample[] = []
  for (let ms = 0; ms < 300_000; ms += 250) history = withSample(history, { ...NOTHING_YET, bitrateKbps: ms }, ms)
  expect(history.length).toBeGreaterThan(HISTORY_S - 5)
  expect(history.length).toBeLessThanOrEqual(HISTORY_S + 1)
  expect(history[history.length - 1]?.atMs).toBeGreaterThan(298_000)
})

it('draws no hole where a picture goes on by another way and nothing was measured yet', () => {
  const before = withSample([], { ...NOTHING_YET, state: 'live', bitrateKbps: 900 }, 0)
  expect(withSample(before, { ...NOTHING_YET, state: 'live', bitrateKbps: 0 }, 1_000)).toBe(before)
  expect(withSample(before, { ...NOTHING_YET, state: 'stalled', bitrateKbps: 0 }, 1_000)).toHaveLength(2)
})

it('draws the newest sample at the right edge and cuts at the top', () => {
  const sample = (atMs: number, bitrateKbps: number): Sample => ({ atMs, bitrateKbps, fps: 25, delayS: 0 })
  const points = polyline([sample(0, 500), sample(120_000, 5_000)], (one) => one.bitrateKbps, 1_000, 120_000, 200, 40)
  expect(points).toBe('0.0,20.0 200.0,0.0')
})

it('scales to round numbers', () => {
  const of = (value: number) => scaleTop([{ atMs: 0, bitrateKbps: value, fps: 0, delayS: 0 }], (one) => one.bitrateKbps, 100)
  expect([0, 150, 1_400, 2_000, 6_100].map(of)).toEqual([100, 200, 2_000, 2_000, 10_000])
})
