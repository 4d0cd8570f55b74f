import { expect, it } from 'vitest'
import type { Alarm } from '@/api/types'
import { recordingTrouble } from '../tile/recording'
import { listed, LISTED_MAX, type Listed } from './alarms'

const alarm = (device: string, kind = 'device_offline', at = '2026-01-01T00:00:00.000Z'): Alarm => ({
  kind,
  device,
  channel: 'main',
  at,
  words: '',
})

it('puts the newest first and counts a device that flaps', () => {
  let list: readonly Listed[] = []
  for (const device of ['a', 'b', 'a']) list = listed(list, alarm(device))
  expect(list.map((one) => [one.alarm.device, one.times])).toEqual([
    ['a', 2],
    ['b', 1],
  ])
})

it('is bounded', () => {
  let list: readonly Listed[] = []
  for (let n = 0; n < 300; n += 1) list = listed(list, alarm(`d${n}`))
  expect(list).toHaveLength(LISTED_MAX)
})

it('says that recording fails for the device, or for all, while the alarm is fresh', () => {
  const nowMs = Date.parse('2026-01-01T00:01:00.000Z')
  expect(recordingTrouble([alarm('a', 'disk_error')], 'a', nowMs)).toBe(true)
  expect(recordingTrouble([alarm('', 'disk_stop')], 'a', nowMs)).toBe(true)
  expect(recordingTrouble([alarm('b', 'disk_error'), alarm('a', 'device_stalled')], 'a', nowMs)).toBe(false)
  expect(recordingTrouble([alarm('a', 'disk_error')], 'a', nowMs + 3_600_000)).toBe(false)
})
