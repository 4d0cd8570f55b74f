/* Tables as CSV files (RFC 4180) that open in Excel: UTF-8 with BOM, CRLF, and no cell that runs as a formula. */
import type { CellValue, Column } from '@/table/columns'

const BOM = '\uFEFF' // without it Excel reads UTF-8 as the system's code page and Chinese is lost
const FORMULA_START = /^[=+\-@＝＋－＠\t\r\n]/ // OWASP: CSV injection; Excel in Chinese takes the wide ones, too

function cell(value: CellValue): string {
  if (value === null) return ''
  if (typeof value === 'number') return String(value)
  const harmless = FORMULA_START.test(value) ? `'${value}` : value
  return /[",\r\n]/.test(harmless) ? `"${harmless.replaceAll('"', '""')}"` : harmless
}

export function csvText<Row>(rows: readonly Row[], columns: readonly Column<Row>[]): string {
  const head = columns.map((column) => cell(column.label)).join(',')
  const lines = rows.map((row) => columns.map((column) => cell((column.exported ?? column.value)(row))).join(','))
  return `${BOM}${[head, ...lines].join('\r\n')}\r\n`
}

export function saveText(text: string, fileName: string, type: string): void {
  const url = URL.createObjectURL(new Blob([text], { type }))
  const link = document.createElement('a')
  link.href = url
  link.download = fileName
  link.click()
  URL.revokeObjectURL(url)
}

/** `devices-2026-11-24.csv`, in local time. */
export function saveCsv<Row>(name: string, rows: readonly Row[], columns: readonly Column<Row>[]): void {
  const now = new Date()
  const day = [now.getFullYear(), now.getMonth() + 1, now.getDate()].map((part) => String(part).padStart(2, '0')).join('-')
  saveText(csvText(rows, columns), `${name}-${day}.csv`, 'text/csv;charset=utf-8')
}
