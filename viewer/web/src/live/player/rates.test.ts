import { expect, it } from 'vitest'
import { Rates } from './rates'

it('tells bits and pictures a second, and nothing before two seconds have passed', () => {
  const rates = new Rates()
  for (let n = 0; n < 100; n += 1) {
    rates.add(n * 40, 5_000, 1)
    if (n === 20) expect(rates.read(n * 40)).toEqual({ bitrateKbps: 0, fps: 0 })
  }
  expect(rates.read(4_000)).toEqual({ bitrateKbps: 1_000, fps: 25 })
})

it('falls to zero when nothing comes', () => {
  const rates = new Rates()
  for (let n = 0; n < 100; n += 1) rates.add(n * 40, 5_000, 1)
  expect(rates.read(8_000)).toEqual({ bitrateKbps: 0, fps: 0 })
  expect(rates.read(60_000)).toEqual({ bitrateKbps: 0, fps: 0 })
})
