import { describe, expect, it } from 'vitest'

import type { Page } from '@/api/types'
import { givenOf, pageReader } from './page_reader'

function server(total: number) {
  const asked: string[] = []
  const waiting: (() => void)[] = []
  const reader = pageReader<number, string>(async (question, { limit, cursor }, signal) => {
    asked.push(`${question} ${cursor ?? ''}`)
    await new Promise<void>((resolve) => waiting.push(resolve))
    if (signal.aborted) throw new DOMException('', 'AbortError')
    if (question === 'broken') throw new Error('no')
    const first = Number(cursor ?? 0)
    const items = Array.from({ length: Math.min(limit, total - first) }, (_, at) => first + at)
    const end = first + items.length
    return { items, next_cursor: end < total ? String(end) : null, total } satisfies Page<number>
  })
  const answer = () => waiting.splice(0).forEach((resolve) => resolve())
  return { reader, asked, answer }
}

describe('a list that is read page after page', () => {
  it('grows until all is read', async () => {
    const { reader, asked, answer } = server(150)
    const first = reader.ask('all')
    expect(reader.loading.value).toBe(true)
    answer()
    await first
    expect([reader.rows.value.length, reader.total.value, reader.more.value]).toEqual([100, 150, true])
    const second = reader.readOn()
    await reader.readOn() // while one is under way nothing is asked twice
    answer()
    await second
    expect(reader.rows.value.at(-1)).toBe(149)
    expect([reader.more.value, asked]).toEqual([false, ['all ', 'all 100']])
  })

  it('forgets the answer to a question that nobody asks any more', async () => {
    const { reader, answer } = server(3)
    const old = reader.ask('old')
    const now = reader.ask('new')
    answer()
    await Promise.all([old, now])
    expect([reader.rows.value.length, reader.failure.value, reader.loading.value]).toEqual([3, null, false])
  })

  it('keeps what is shown when a page cannot be had', async () => {
    const { reader, answer } = server(3)
    for (const question of ['all', 'broken']) {
      const asked = reader.ask(question)
      answer()
      await asked
    }
    expect([reader.rows.value.length, reader.failure.value instanceof Error]).toEqual([3, true])
  })

  it('asks for nothing that is empty', () => {
    expect(givenOf({ q: 'a', unit: ' ', from: '' })).toEqual({ q: 'a' })
  })
})
