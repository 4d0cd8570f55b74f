/* Reads the list of cases page after page, in the server's order. A new question throws away the answers to the old one. */
import { ref, shallowRef, type Ref, type ShallowRef } from 'vue'
import { answer, api } from '@/api/client'
import type { Case } from '@/api/types'

const PAGE_SIZE = 100

export interface CaseQuestion {
  q: string
  unit: string
  field: string
  procedure: string
  status: string
  from: string
  to: string
  sort: string
}

export interface CaseReader {
  cases: ShallowRef<readonly Case[]>
  total: Ref<number>
  more: Ref<boolean>
  loading: Ref<boolean>
  failure: ShallowRef<unknown>
  ask: (question: CaseQuestion) => Promise<void>
  readOn: () => Promise<void>
}

/** What is asked for, without what is not. */
export const givenOf = (question: Readonly<Record<string, string>>): Record<string, string> =>
  Object.fromEntries(Object.entries(question).filter(([, value]) => value.trim() !== ''))

/** The address of the same cases as a file. */
export function exportAddress({ sort: _, ...question }: CaseQuestion): string {
  const query = new URLSearchParams(givenOf(question)).toString()
  return `/api/v1/cases/export${query && `?${query}`}`
}

export function caseReader(): CaseReader {
  const cases = shallowRef<readonly Case[]>([])
  const total = ref(0)
  const more = ref(false)
  const loading = ref(false)
  const failure = shallowRef<unknown>(null)
  let question: Record<string, string> = {}
  let cursor: string | null = null
  let running: AbortController | null = null

  async function read(): Promise<void> {
    const controller = new AbortController()
    running = controller
    loading.value = true
    try {
      const query = { ...question, limit: PAGE_SIZE, cursor }
      const page = await answer(api.GET('/api/v1/cases', { params: { query }, signal: controller.signal }))
      // A first page takes the place of what was shown, and not before it is there: nothing flashes.
      cases.value = [...(cursor === null ? [] : cases.value), ...page.items]
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

  async function ask(asked: CaseQuestion): Promise<void> {
    running?.abort()
    question = givenOf({ ...asked })
    cursor = null
    more.value = false
    await read()
  }

  async function readOn(): Promise<void> {
    if (more.value && !loading.value) await read()
  }

  return { cases, total, more, loading, failure, ask, readOn }
}
