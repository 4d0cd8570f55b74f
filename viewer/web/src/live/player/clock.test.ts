import { describe, expect, it } from 'vitest'
import { ReceiveTimes, ServerClock } from './clock'

const SERVER = 1_700_000_000_000 // server UTC when the client's clock says 0

describe('ServerClock', () => {
  it('knows nothing before anything was observed', () => {
    expect(new ServerClock().serverMs(5)).toBeNull()
  })

  it('takes the fastest arrival as the time, when there is nothing else', () => {
    const clock = new ServerClock()
    for (const [at, way] of [[1_000, 80], [1_040, 12], [1_080, 300]] as const) {
      clock.observeArrival(at, SERVER + at - way)
    }
    expect(clock.serverMs(2_000)).toBe(SERVER + 2_000 - 12)
    expect(clock.uncertaintyMs()).toBeNull()
  })

  it('lies between both bounds of an exchange', () => {
    const clock = new ServerClock()
    clock.observeExchange(100, 160, SERVER + 140) // 40 ms there, 20 ms back
    expect(clock.serverMs(160)).toBe(SERVER + 160 + 10)
    expect(clock.uncertaintyMs()).toBe(30)
  })

  it('is narrowed by every better observation', () => {
    const clock = new ServerClock()
    clock.observeExchange(0, 1_000, SERVER + 500)
    clock.observeExchange(2_000, 2_020, SERVER + 2_010)
    clock.observeArrival(3_000, SERVER + 2_995)
    expect(clock.uncertaintyMs()).toBeLessThanOrEqual(7.5)
    expect(Math.abs((clock.serverMs(4_000) ?? 0) - SERVER - 4_000)).toBeLessThanOrEqual(7.5)
  })

  it('believes the newer bound when the server clock was set by an hour, either way', () => {
    for (const step of [3_600_000, -3_600_000]) {
      const clock = new ServerClock()
      clock.observeExchange(0, 20, SERVER + 10)
      clock.observeExchange(1_000, 1_020, SERVER + step + 1_010)
      expect(Math.abs((clock.serverMs(2_000) ?? 0) - SERVER - step - 2_000)).toBeLessThanOrEqual(10)
    }
  })

  it('follows a drift of 100 ppm for hours', () => {
    const clock = new ServerClock()
    const hours = 4 * 3_600_000
    for (let at = 0; at <= hours; at += 10_000) clock.observeArrival(at, SERVER + at * 0.9999 - 5)
    expect(Math.abs((clock.serverMs(hours) ?? 0) - SERVER - hours * 0.9999)).toBeLessThan(70)
  })
})

describe('ReceiveTimes', () => {
  it('finds the receive time of the picture shown, through rounding', () => {
    const times = new ReceiveTimes()
    for (let n = 0; n < 10; n += 1) times.add(100 + n / 25, SERVER + n * 40)
    expect(times.at(100.120_001)).toBe(SERVER + 120)
    expect(times.at(99)).toBeNull()
  })

  it('stays bounded and keeps the newest', () => {
    const times = new ReceiveTimes(100)
    for (let n = 0; n < 10_000; n += 1) times.add(n, n)
    expect(times.at(9_999)).toBe(9_999)
    expect(times.at(9_000)).toBeNull()
  })
})
