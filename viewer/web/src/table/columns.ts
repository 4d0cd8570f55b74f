/* What a table column is, and how rows are sorted by one. Pure. */

export type CellValue = string | number | null

export interface Column<Row> {
  key: string
  label: string
  /** What the cell holds: sorts, exports, and is shown when the page gives no slot for it. */
  value: (row: Row) => CellValue
  /** What the export says where `value` is only a rank. */
  exported?: (row: Row) => CellValue
  /** Pixels; the columns without one share the rest. */
  width?: number
  align?: 'right'
  sortable?: boolean
  /** Shown only when the table is at least this wide: what a phone can do without. */
  from?: number
  mono?: boolean
}

/** `key` ascending, `-key` descending: as in the URL. */
export function sortRows<Row>(rows: readonly Row[], columns: readonly Column<Row>[], sort: string, language: string): Row[] {
  const descending = sort.startsWith('-')
  const column = columns.find((candidate) => candidate.key === (descending ? sort.slice(1) : sort))
  if (column === undefined) return [...rows]
  const order = new Intl.Collator(language, { numeric: true })
  const sign = descending ? -1 : 1
  return rows
    .map((row) => ({ row, value: column.value(row) }))
    .sort((a, b) => {
      if (a.value === null || b.value === null) return a.value === b.value ? 0 : a.value === null ? 1 : -1 // unknown last, both ways
      if (typeof a.value === 'number' && typeof b.value === 'number') return sign * (a.value - b.value)
      return sign * order.compare(String(a.value), String(b.value))
    })
    .map(({ row }) => row)
}

/** Every word of the search must occur somewhere in the texts. */
export function matches(search: string, texts: readonly (string | null | undefined)[]): boolean {
  const words = search.toLowerCase().split(/\s+/).filter(Boolean)
  if (words.length === 0) return true
  const all = texts.join('\n').toLowerCase()
  return words.every((word) => all.includes(word))
}
