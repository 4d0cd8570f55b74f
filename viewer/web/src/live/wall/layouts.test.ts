import { describe, expect, it } from 'vitest'
import { named, NAMED_MAX, recall, remember } from './layouts'
import { emptySlots, pin, place } from './slots'

function store(initial: Record<string, string> = {}) {
  const values = new Map(Object.entries(initial))
  return {
    getItem: (key: string) => values.get(key) ?? null,
    setItem: (key: string, value: string) => void values.set(key, value),
  }
}

const slots = pin(place(place(emptySlots(), 'dev1', 0), 'dev2', 7), 7, true)

describe('layouts', () => {
  it('come back as they were left, for each user alone', () => {
    const memory = { current: { size: 9 as const, slots }, named: [{ name: '早班', size: 4 as const, slots }] }
    const kept = store()
    remember(kept, 'li', memory)
    expect(recall(kept, 'li')).toEqual(memory)
    expect(recall(kept, 'wang')).toEqual({ current: null, named: [] })
  })

  it('survive a store that somebody else wrote into', () => {
    for (const text of ['', '{', '7', '[]', 'null', '{"current":{"size":5,"slots":[]},"named":{}}']) {
      expect(recall(store({ 'mingjing.wall.li': text }), 'li')).toEqual({ current: null, named: [] })
    }
    const odd = { current: { size: 4, slots: [null, 7, { device: 3 }, { device: 'a' }] }, named: [{ size: 4, slots: [] }, 1] }
    const memory = recall(store({ 'mingjing.wall.li': JSON.stringify(odd) }), 'li')
    expect(memory.current?.slots).toHaveLength(16)
    expect(memory.current?.slots[3]).toEqual({ device: 'a', pinned: false })
    expect(memory.named).toEqual([])
  })

  it('do not stop the wall when the browser keeps nothing', () => {
    const full = {
      getItem: () => null,
      setItem: () => {
        throw new DOMException('full', 'QuotaExceededError')
      },
    }
    expect(() => remember(full, 'li', { current: null, named: [] })).not.toThrow()
  })

  it('are replaced by a new one of the same name, and bounded', () => {
    let list = named([], ' 早班 ', { size: 4, slots })
    list = named(list, '早班', { size: 9, slots })
    expect(list.map(({ name, size }) => [name, size])).toEqual([['早班', 9]])
    for (let n = 0; n < 50; n += 1) list = named(list, `n${n}`, { size: 1, slots })
    expect(list).toHaveLength(NAMED_MAX)
  })
})
