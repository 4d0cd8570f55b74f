import { expect, it } from 'vitest'
import { KeyTimes } from './key_times'

it('lets everything before the newest key picture behind the position go, and nothing of its group', () => {
  const keys = new KeyTimes()
  for (const time of [10, 15, 20]) keys.add(time)
  expect([9.9, 10, 14, 19.9, 25].map((end) => keys.lastUpTo(end))).toEqual([null, 10, 10, 15, 20])
  keys.forgetBefore(15)
  expect(keys.lastUpTo(14)).toBeNull()
})

it('knows none of a group of pictures that has no end', () => {
  const keys = new KeyTimes()
  keys.add(0)
  expect([keys.lastUpTo(500), keys.lastUpTo(-1)]).toEqual([0, null])
})

it('stays bounded', () => {
  const keys = new KeyTimes()
  for (let time = 0; time < 10_000; time += 1) keys.add(time)
  expect([keys.lastUpTo(9_000), keys.lastUpTo(9_999)]).toEqual([null, 9_999])
})
