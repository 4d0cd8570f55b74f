/* The alarms beside the wall: those nobody has seen to yet, whoever was on duty when they came. Pure. */
import type { Alarm } from '@/api/types'

export const LISTED_MAX = 50 // more are read on their own page

/** The one that came last first. */
export function waiting(alarms: readonly Alarm[]): readonly Alarm[] {
  return alarms
    .filter((alarm) => alarm.acknowledged_at === null)
    .sort((a, b) => b.last_at.localeCompare(a.last_at))
    .slice(0, LISTED_MAX)
}
