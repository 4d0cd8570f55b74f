import { expect, it } from 'vitest'
import { bitrate, bytes, codecName, percent, percentOf } from './figures'

it('writes bytes as disks are sold', () => {
  expect([0, 999, 1_500, 12_345_678, 512e9, 4e15].map(bytes)).toEqual(['0 B', '999 B', '1.50 KB', '12.3 MB', '512 GB', '4.00 PB'])
})

it('writes bitrates', () => {
  expect([bitrate(null), bitrate(0), bitrate(937.4), bitrate(1_550)]).toEqual(['', '0 kbit/s', '937 kbit/s', '1.6 Mbit/s'])
})

it('does not divide by nothing', () => {
  expect([percent(1, 3), percent(0, 0)]).toEqual(['33 %', '—'])
})

it('writes small shares to the tenth', () => {
  expect([0, 0.004, 0.0999, 0.1, 1].map(percentOf)).toEqual(['0', '0.4', '10.0', '10', '100'])
})

it('shows a codec it does not know by its own name', () => {
  expect([codecName('hevc'), codecName('vp9')]).toEqual(['H.265', 'vp9'])
})
