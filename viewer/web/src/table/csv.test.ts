import { expect, it } from 'vitest'
import type { Column } from './columns'
import { csvText } from './csv'

interface Row {
  name: string
  count: number | null
}

const columns: Column<Row>[] = [
  { key: 'name', label: 'Name, full', value: (row) => row.name },
  { key: 'count', label: 'Count', value: (row) => row.count },
]
const lines = (rows: Row[]): string[] => csvText(rows, columns).split('\r\n')

it('begins with a byte order mark, or Excel loses the Chinese', () => {
  expect(csvText([], columns).charCodeAt(0)).toBe(0xfeff)
})

it('quotes commas, quotes and line ends', () => {
  expect(lines([{ name: 'a "b", c\nd', count: 1 }])).toEqual(['\uFEFF"Name, full",Count', '"a ""b"", c\nd",1', ''])
})

it.each(['=1+1', '+1', '-1', '@SUM(A1)', '\tx', '\rx', '\nx', '＝1+1', '＋1', '－1', '＠SUM(A1)'])('never exports a formula: %j', (name) => {
  expect(lines([{ name, count: null }])[1]).toMatch(/^"?'/)
})

it('leaves negative numbers numbers', () => {
  expect(lines([{ name: 'x', count: -5 }])[1]).toBe('x,-5')
})
