/* The list beside the wall, kept for as long as the person is logged in: who looks at another page meanwhile finds it
   as it is, with what came since. */
import { defineStore } from 'pinia'
import { shallowRef, watch } from 'vue'
import { useEvents } from '@/events/store'
import { useSession } from '@/session/store'
import { listed, type Listed } from './alarms'

export const useAlarmList = defineStore('wall alarms', () => {
  const session = useSession()
  const list = shallowRef<readonly Listed[]>([])

  useEvents().onAlarm((alarm) => (list.value = listed(list.value, alarm)))
  watch(
    () => session.info?.name,
    () => clear(),
    { flush: 'sync' },
  )

  function dismiss(key: string): void {
    list.value = list.value.filter((one) => one.key !== key)
  }

  function clear(): void {
    list.value = []
  }

  return { list, dismiss, clear }
})
