/* The alarms beside the wall: what came while it was open, newest first, and which of them are over. Pure. */
import type { Alarm } from '@/api/types'

export interface Listed {
  readonly key: string
  readonly alarm: Alarm
  /** How many times it came since it was last cleared. */
  readonly times: number
}

export const LISTED_MAX = 50

const keyOf = (alarm: Alarm): string => `${alarm.kind} ${alarm.device}/${alarm.channel}`

/** A device that flaps has one line that counts, not fifty lines. */
export function listed(list: readonly Listed[], alarm: Alarm): readonly Listed[] {
  const key = keyOf(alarm)
  const times = (list.find((one) => one.key === key)?.times ?? 0) + 1
  return [{ key, alarm, times }, ...list.filter((one) => one.key !== key)].slice(0, LISTED_MAX)
}
