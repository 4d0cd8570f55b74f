/* Reads a long list page after page, in the server's order, for tables that grow as somebody scrolls. A new question
   throws away the answers to the old one; what was shown stays until the first page of the new one is there. */
import { ref, shallowRef, type Ref, type ShallowRef } from 'vue'
import type { Page } from '@/api/types'

const PAGE_SIZE = 100
/** What a browser table is good for; beyond it, filters are. */
const ROWS_MAX = 20_000

export interface PageAsked {
  limit: number
  cursor: string | null
}

export interface PageReader<Row, Question> {
  rows: ShallowRef<readonly Row[]>
  total: Ref<number>
  more: Ref<boolean>
  loading: Ref<boolean>
  failure: ShallowRef<unknown>
  ask: (question: Question) => Promise<void>
  readOn: () => Promise<void>
}

/** `read` asks the server for one page of the answer to a question. */
export function pageReader<Row, Question>(
  read: (question: Question, asked: PageAsked, signal: AbortSignal) => Promise<Page<Row>>,
): PageReader<Row, Question> {
  const rows = shallowRef<readonly Row[]>([])
  const total = ref(0)
  const more = ref(false)
  const loading = ref(false)
  const failure = shallowRef<unknown>(null)
  let question: Question | null = null
  let cursor: string | null = null
  let running: AbortController | null = null

  async function readPage(asked: Question): Promise<void> {
    const controller = new AbortController()
    running = controller
    loading.value = true
    try {
      const page = await read(asked, { limit: PAGE_SIZE, cursor }, controller.signal)
      rows.value = [...(cursor === null ? [] : rows.value), ...page.items]
      total.value = page.total
      cursor = page.next_cursor
      more.value = cursor !== null && rows.value.length < ROWS_MAX
      failure.value = null
    } catch (error) {
      if (!controller.signal.aborted) failure.value = error
    } finally {
      if (running === controller) loading.value = false
    }
  }

  async function ask(asked: Question): Promise<void> {
    running?.abort()
    question = asked
    cursor = null
    more.value = false
    await readPage(asked)
  }

  async function readOn(): Promise<void> {
    if (question !== null && more.value && !loading.value) await readPage(question)
  }

  return { rows, total, more, loading, failure, ask, readOn }
}

/** What is asked for, without what is not. */
export const givenOf = (question: object): Record<string, string> =>
  Object.fromEntries(
    Object.entries(question as Record<string, string>).filter(([, value]) => value.trim() !== ''),
  )
