import { describe, expect, it } from 'vitest'
import { matches, sortRows, type Column } from './columns'

interface Row {
  id: string
  load: number | null
}

const columns: Column<Row>[] = [
  { key: 'id', label: 'Id', value: (row) => row.id },
  { key: 'load', label: 'Load', value: (row) => row.load },
]
const rows: Row[] = [
  { id: 'gate-10', load: 5 },
  { id: 'gate-9', load: null },
  { id: 'gate-2', load: 30 },
]
const ids = (sort: string): string[] => sortRows(rows, columns, sort, 'en').map((row) => row.id)

describe('sorting a table', () => {
  it('counts numbers in words as numbers', () => {
    expect(ids('id')).toEqual(['gate-2', 'gate-9', 'gate-10'])
  })

  it('puts the unknown last in both directions', () => {
    expect(ids('load')).toEqual(['gate-10', 'gate-2', 'gate-9'])
    expect(ids('-load')).toEqual(['gate-2', 'gate-10', 'gate-9'])
  })

  it('sorts Chinese as Chinese readers expect, by sound', () => {
    const towns: Row[] = ['中山', '安吉', '杭州'].map((id) => ({ id, load: 0 }))
    expect(sortRows(towns, columns, 'id', 'zh-CN').map((row) => row.id)).toEqual(['安吉', '杭州', '中山'])
  })

  it('leaves the order alone when the address names no column', () => {
    expect(ids('nonsense')).toEqual(['gate-10', 'gate-9', 'gate-2'])
  })
})

describe('searching', () => {
  it('wants every word, in any place and order, whatever the case', () => {
    expect(matches('G25 dsj', ['cz-g25-01', 'DSJ-4G'])).toBe(true)
    expect(matches('g25 hytera', ['cz-g25-01', 'DSJ-4G'])).toBe(false)
  })

  it('takes everything when nothing is asked', () => {
    expect(matches('  ', [null, undefined])).toBe(true)
  })
})
