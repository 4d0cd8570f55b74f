import { expect, it } from 'vitest'
import { cutToShifts, shiftsFrom } from './shifts'

const DAY = { startMs: 0, endMs: 1_000 }
const shift = (device: string, startMs: number, endMs: number) => ({ device, name: device, startMs, endMs })
const SHIFTS = [shift('a', 100, 300), shift('b', 200, 400), shift('a', 600, 700)]

it('leaves the time in which the officer carried what is chosen', () => {
  expect(cutToShifts(DAY, SHIFTS, ['a'], null)).toEqual({ startMs: 100, endMs: 300 })
  expect(cutToShifts(DAY, SHIFTS, ['a'], 650)).toEqual({ startMs: 600, endMs: 700 })
  expect(cutToShifts(DAY, SHIFTS, ['a', 'b'], null)).toEqual({ startMs: 200, endMs: 300 })
  expect(cutToShifts({ startMs: 250, endMs: 650 }, SHIFTS, ['a'], 610)).toEqual({ startMs: 600, endMs: 650 })
})

it('leaves nothing of what they did not carry then', () => {
  expect(cutToShifts(DAY, SHIFTS, ['c'], null)).toBeNull()
  expect(cutToShifts(DAY, SHIFTS, ['a'], 500)).toBeNull()
  expect(cutToShifts(DAY, SHIFTS, [], null)).toEqual(DAY)
})

it('takes shifts from the lanes that are an officer\'s', () => {
  const lane = { device: 'a', device_name: 'Recorder a', checkpoint: '', channel: 'main', runs: [], gaps: [], kept: [], originals: [], thinned: false }
  const carried = { from: '2026-11-20T08:00:00.000Z', to: '2026-11-20T09:00:00.000Z' }
  expect(shiftsFrom([{ ...lane, carried: null }, { ...lane, carried }])).toEqual([
    { device: 'a', name: 'Recorder a', startMs: Date.UTC(2026, 10, 20, 8), endMs: Date.UTC(2026, 10, 20, 9) },
  ])
})
