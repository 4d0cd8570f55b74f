import { expect, it } from 'vitest'
import { IDLE_MS, IdleWatch, WARNING_MS } from './idle'

function twoTabs(): { clock: { now: number }; here: IdleWatch; there: IdleWatch } {
  const clock = { now: 1_000_000 }
  let shared = 0
  const environment = { now: () => clock.now, read: () => shared, note: (atMs: number) => void (shared = atMs) }
  return { clock, here: new IdleWatch(environment), there: new IdleWatch(environment) }
}

it('is over when nobody did anything for longer than the limit', () => {
  const { clock, here } = twoTabs()
  clock.now += IDLE_MS
  expect(here.over).toBe(false)
  clock.now += 1
  expect(here.over).toBe(true)
})

it('is soon over two minutes before, and no more after a sign', () => {
  const { clock, here } = twoTabs()
  clock.now += IDLE_MS - WARNING_MS
  expect(here.soon).toBe(false)
  clock.now += 1
  expect(here.soon).toBe(true)
  here.sign()
  expect(here.soon).toBe(false)
})

it('lives on while the person works in another tab', () => {
  const { clock, here, there } = twoTabs()
  clock.now += IDLE_MS - 1_000
  there.sign()
  clock.now += IDLE_MS - 1_000
  expect(here.over).toBe(false)
})
