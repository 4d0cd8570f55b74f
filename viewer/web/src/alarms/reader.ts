/* Reads the log of alarms page after page, newest first. A new question throws away the answers to the old one. */
import { ref, shallowRef, type Ref, type ShallowRef } from 'vue'
import { answer, api } from '@/api/client'
import type { Alarm, AlarmKind } from '@/api/types'

const PAGE_SIZE = 100

export interface AlarmQuestion {
  kind: string
  /** 'open', 'seen', or empty for all. */
  state: string
  device: string
  from: string
  to: string
}

export interface AlarmReader {
  alarms: ShallowRef<readonly Alarm[]>
  total: Ref<number>
  more: Ref<boolean>
  loading: Ref<boolean>
  failure: ShallowRef<unknown>
  ask: (question: AlarmQuestion) => Promise<void>
  readOn: () => Promise<void>
  /** A line has changed: shown where it is listed. */
  take: (alarm: Alarm) => void
}

export function alarmReader(): AlarmReader {
  const alarms = shallowRef<readonly Alarm[]>([])
  const total = ref(0)
  const more = ref(false)
  const loading = ref(false)
  const failure = shallowRef<unknown>(null)
  let question: Record<string, unknown> = {}
  let cursor: string | null = null
  let running: AbortController | null = null

  async function read(): Promise<void> {
    const controller = new AbortController()
    running = controller
    loading.value = true
    try {
      const query = { ...question, limit: PAGE_SIZE, cursor }
      const page = await answer(api.GET('/api/v1/alarms', { params: { query }, signal: controller.signal }))
      // A first page takes the place of what was shown, and not before it is there: nothing flashes.
      alarms.value = [...(cursor === null ? [] : alarms.value), ...(page.items as Alarm[])]
      total.value = page.total
      cursor = page.next_cursor
      more.value = cursor !== null
      failure.value = null
    } catch (error) {
      if (!controller.signal.aborted) failure.value = error
    } finally {
      if (running === controller) loading.value = false
    }
  }

  async function ask({ kind, state, device, from, to }: AlarmQuestion): Promise<void> {
    running?.abort()
    question = {
      ...(kind && { kind: kind as AlarmKind }),
      ...(state && { acknowledged: state === 'seen' }),
      ...(device && { device }),
      ...(from && { from }),
      ...(to && { to }),
    }
    cursor = null
    more.value = false
    await read()
  }

  async function readOn(): Promise<void> {
    if (more.value && !loading.value) await read()
  }

  function take(alarm: Alarm): void {
    alarms.value = alarms.value.map((one) => (one.id === alarm.id ? alarm : one))
  }

  return { alarms, total, more, loading, failure, ask, readOn, take }
}
