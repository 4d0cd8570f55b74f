/* Whole lists, page after page. For what the pages show at once (places, devices, users); the audit log is read
   page by page instead. */
import type { Page } from '@/api/types'

const PAGE_SIZE = 500 // the server's limit
const PAGES_MAX = 20 // 10,000 rows: fifty times the plan's points; more would need search on the server

export interface PageQuery {
  limit: number
  cursor: string | null
}

export async function loadAll<Item>(read: (query: PageQuery) => Promise<Page<Item>>): Promise<Item[]> {
  const items: Item[] = []
  let cursor: string | null = null
  for (let count = 0; count < PAGES_MAX; count += 1) {
    const page: Page<Item> = await read({ limit: PAGE_SIZE, cursor })
    items.push(...page.items)
    cursor = page.next_cursor
    if (cursor === null) break
  }
  return items
}
