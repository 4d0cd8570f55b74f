/* The log of alarms, newest first; what is listed is kept current. */
import { answer, api } from '@/api/client'
import type { Alarm, AlarmKind, Page } from '@/api/types'
import { type PageReader, pageReader } from '@/table/page_reader'

export interface AlarmQuestion {
  kind: string
  /** 'open', 'seen', or empty for all. */
  state: string
  device: string
  from: string
  to: string
}

export interface AlarmReader extends PageReader<Alarm, AlarmQuestion> {
  /** A line has changed: shown where it is listed. */
  take: (alarm: Alarm) => void
}

export function alarmReader(): AlarmReader {
  const reader = pageReader<Alarm, AlarmQuestion>(async ({ kind, state, device, from, to }, page, signal) => {
    const query = {
      ...(kind && { kind: kind as AlarmKind }),
      ...(state && { acknowledged: state === 'seen' }),
      ...(device && { device }),
      ...(from && { from }),
      ...(to && { to }),
      ...page,
    }
    return (await answer(api.GET('/api/v1/alarms', { params: { query }, signal }))) as Page<Alarm>
  })

  function take(alarm: Alarm): void {
    reader.rows.value = reader.rows.value.map((one) => (one.id === alarm.id ? alarm : one))
  }

  return { ...reader, take }
}
