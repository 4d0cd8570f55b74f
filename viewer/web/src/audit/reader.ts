/* Reads the audit log page after page, newest first. A new question throws away the answers to the old one. */
import { ref, shallowRef, type Ref, type ShallowRef } from 'vue'
import { answer, api } from '@/api/client'
import type { AuditEntry } from '@/api/types'

const PAGE_SIZE = 100
/** What a browser table is good for; beyond it, filters are. */
const ENTRIES_MAX = 20_000

export interface AuditQuestion {
  principal: string
  action: string
  subject: string
  from: string
  to: string
}

export interface AuditReader {
  entries: ShallowRef<readonly AuditEntry[]>
  total: Ref<number>
  more: Ref<boolean>
  loading: Ref<boolean>
  failure: ShallowRef<unknown>
  ask: (question: AuditQuestion) => Promise<void>
  readOn: () => Promise<void>
}

export function auditReader(): AuditReader {
  const entries = shallowRef<readonly AuditEntry[]>([])
  const total = ref(0)
  const more = ref(false)
  const loading = ref(false)
  const failure = shallowRef<unknown>(null)
  let question: Partial<AuditQuestion> = {}
  let cursor: string | null = null
  let running: AbortController | null = null

  async function read(): Promise<void> {
    const controller = new AbortController()
    running = controller
    loading.value = true
    try {
      const query = { ...question, limit: PAGE_SIZE, cursor }
      const page = await answer(api.GET('/api/v1/audit', { params: { query }, signal: controller.signal }))
      entries.value = [...entries.value, ...page.items]
      total.value = page.total
      cursor = page.next_cursor
      more.value = cursor !== null && entries.value.length < ENTRIES_MAX
      failure.value = null
    } catch (error) {
      if (!controller.signal.aborted) failure.value = error
    } finally {
      if (running === controller) loading.value = false
    }
  }

  async function ask(asked: AuditQuestion): Promise<void> {
    running?.abort()
    question = Object.fromEntries(Object.entries(asked).filter(([, value]) => value !== ''))
    cursor = null
    entries.value = []
    more.value = false
    await read()
  }

  async function readOn(): Promise<void> {
    if (more.value && !loading.value) await read()
  }

  return { entries, total, more, loading, failure, ask, readOn }
}
