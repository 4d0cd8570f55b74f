/* Whole lists, page after page. For what the pages show at once (places, devices, users); the audit log is read
   page by page instead. */
import { call, type Query } from '@/api/client'
import type { Page } from '@/api/types'

const PAGE_SIZE = 500
const PAGES_MAX = 20 // 10,000 rows: fifty times the plan's points; more would need search on the server

export async function loadAll<T>(path: string, query: Query = {}, signal?: AbortSignal): Promise<T[]> {
  const items: T[] = []
  let cursor: string | null = null
  for (let page = 0; page < PAGES_MAX; page += 1) {
    const options: { query: Query; signal?: AbortSignal } = { query: { ...query, limit: PAGE_SIZE, cursor } }
    if (signal !== undefined) options.signal = signal
    const { data }: { data: Page<T> } = await call<Page<T>>('GET', path, options)
    items.push(...data.items)
    cursor = data.next_cursor
    if (cursor === null) break
  }
  return items
}
