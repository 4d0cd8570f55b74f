import { expect, it } from 'vitest'
import type { CaseFootage } from '@/api/types'
import { devicesOf, openedOf } from './at_hand'

const at = (hour: number, day = 20): number => Date.UTC(2026, 10, day, hour)
const told = (hour: number, day = 20): string => new Date(at(hour, day)).toISOString()
const DAY = { startMs: at(0), endMs: at(24) }
const OPEN: CaseFootage = {
  id: '01ABC',
  case_no: '2026-18',
  unit: 'north',
  status: 'open',
  begun_at: told(9),
  around: { from: told(9, 19), to: told(10) },
  clips: [
    { device: 'a', from: told(12), to: told(14) },
    { device: 'b', from: told(13), to: told(15) },
  ],
}
const CLOSED: CaseFootage = { ...OPEN, status: 'closed', around: null }

it('opens the part of a day that the case reaches over', () => {
  expect(openedOf(DAY, OPEN, ['a'], null)).toEqual({ startMs: at(0), endMs: at(10) })
  expect(openedOf(DAY, OPEN, [], at(5))).toEqual({ startMs: at(0), endMs: at(10) })
})

it('opens a clip beyond that, as far as all devices have one', () => {
  expect(openedOf(DAY, OPEN, ['a'], at(13))).toEqual({ startMs: at(12), endMs: at(14) })
  expect(openedOf(DAY, CLOSED, ['a', 'b'], at(13))).toEqual({ startMs: at(13), endMs: at(14) })
  expect(openedOf(DAY, CLOSED, ['a'], null)).toEqual({ startMs: at(12), endMs: at(14) })
})

it('opens nothing on other days, and of a closed case nothing but its clips', () => {
  expect(openedOf({ startMs: at(0, 25), endMs: at(24, 25) }, OPEN, ['a'], null)).toBeNull()
  expect(openedOf(DAY, CLOSED, ['c'], null)).toBeNull()
  expect(openedOf(DAY, CLOSED, [], null)).toBeNull()
})

it('offers the devices of its unit and of those under it, and of its clips', () => {
  const parents = new Map([['north', 'city'], ['north1', 'north'], ['south', 'city'], ['city', null]])
  const devices = [{ id: 'n', unit: 'north' }, { id: 'n1', unit: 'north1' }, { id: 's', unit: 'south' }]
  expect([...devicesOf(OPEN, devices, parents)].sort()).toEqual(['a', 'b', 'n', 'n1'])
  expect([...devicesOf(CLOSED, devices, parents)].sort()).toEqual(['a', 'b'])
})
