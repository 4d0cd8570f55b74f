/* Says that somebody sees to an alarm. The server answers with the line as it is now, which the walls take over. */
import { answer, api, ifVersion } from '@/api/client'
import type { Alarm } from '@/api/types'

export const acknowledge = (alarm: Alarm): Promise<Alarm> =>
  answer(
    api.POST('/api/v1/alarms/{alarm}/acknowledge', {
      params: { path: { alarm: alarm.id }, header: ifVersion(alarm.version) },
    }),
  ) as Promise<Alarm>
