import { expect, it } from 'vitest'
import { alarmOf } from '@/alarms/alarm.fixture'
import { recordingTrouble } from '../tile/recording'
import { LISTED_MAX, waiting } from './alarms'

it('lists what nobody has seen to, the one that came last first', () => {
  const alarms = [
    alarmOf({ id: '1', device: 'a', last_at: '2026-01-01T03:00:00.000Z' }),
    alarmOf({ id: '2', device: 'b', last_at: '2026-01-01T01:00:00.000Z' }),
    alarmOf({ id: '3', device: 'c', acknowledged_at: '2026-01-01T04:00:00.000Z', acknowledged_by: 'li.wei' }),
    alarmOf({ id: '4', device: 'd', last_at: '2026-01-01T02:00:00.000Z' }),
  ]
  expect(waiting(alarms).map((alarm) => alarm.device)).toEqual(['a', 'd', 'b'])
})

it('is bounded', () => {
  expect(waiting(Array.from({ length: 300 }, (_, n) => alarmOf({ id: String(n) })))).toHaveLength(LISTED_MAX)
})

it('says that recording fails for the device, or for all, while the trouble goes on', () => {
  const nowMs = Date.parse('2026-01-01T00:01:00.000Z')
  const overflow = alarmOf({ device: 'a', kind: 'disk_error' })
  expect(recordingTrouble([overflow], 'a', nowMs)).toBe(true)
  expect(recordingTrouble([alarmOf({ device: '', kind: 'disk_stop' })], 'a', nowMs)).toBe(true)
  expect(recordingTrouble([alarmOf({ device: 'b', kind: 'disk_error' }), alarmOf({ device: 'a', kind: 'device_stalled' })], 'a', nowMs)).toBe(false)
  expect(recordingTrouble([overflow], 'a', nowMs + 3_600_000)).toBe(false)
  const again = { ...overflow, times: 9, last_at: '2026-01-01T01:00:00.000Z' }
  expect(recordingTrouble([again], 'a', nowMs + 3_600_000)).toBe(true)
})
