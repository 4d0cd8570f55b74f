/* An alarm for tests. */
import type { Alarm } from '@/api/types'

export const alarmOf = (fields: Partial<Alarm> = {}): Alarm => ({
  id: '01AAAAAAAAAAAAAAAAAAAAAAAA',
  kind: 'device_offline',
  device: 'dev1',
  channel: 'main',
  words: '',
  at: '2026-01-01T00:00:00.000Z',
  last_at: '2026-01-01T00:00:00.000Z',
  times: 1,
  over_at: null,
  acknowledged_at: null,
  acknowledged_by: null,
  version: 1,
  ...fields,
})
