/* Whether what is on the screen is also being kept, as far as the alarms say. Pure. */
import type { Alarm } from '@/api/types'

const STOPS_RECORDING: ReadonlySet<string> = new Set(['archive_overflow', 'disk_stop', 'disk_error'])
const FRESH_MS = 300_000 // the server repeats the alarm while the trouble lasts; older ones are over

export function recordingTrouble(alarms: readonly Alarm[], device: string, nowMs: number): boolean {
  return alarms.some(
    (alarm) =>
      STOPS_RECORDING.has(alarm.kind) &&
      (alarm.device === '' || alarm.device === device) &&
      nowMs - Date.parse(alarm.last_at) < FRESH_MS,
  )
}
