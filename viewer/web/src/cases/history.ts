/* An entry of a case's history as lines that a person reads. Pure but for the words, which are handed in. */
import type { CaseEvent } from '@/api/types'
import { localTime } from '@/words/time'

export interface HistoryWords {
  t: (key: string) => string
  unitName: (id: string) => string
}

export interface Change {
  label: string
  /** Undefined where the entry tells no state before. */
  from: string | undefined
  to: string
}

type Json = Readonly<Record<string, unknown>>
const isObject = (value: unknown): value is Json => typeof value === 'object' && value !== null && !Array.isArray(value)

const ORDER = ['case_no', 'cause', 'field', 'procedure', 'unit', 'officers', 'party', 'stages', 'external', 'note']

export function changesOf(event: CaseEvent, words: HistoryWords): Change[] {
  const edited = event.action === 'case.edit'
  return ORDER.filter((name) => name in event.changed)
    .map((name) => {
      const told = event.changed[name]
      const [from, to] = edited && isObject(told) ? [told['from'], told['to']] : [undefined, told]
      return { label: words.t(`cases.column.${name}`), from: edited ? said(name, from, words) : undefined, to: said(name, to, words) }
    })
    .filter(({ from, to }) => from !== undefined || to !== '')
}

function said(name: string, value: unknown, words: HistoryWords): string {
  if (name === 'unit' && typeof value === 'string') return words.unitName(value)
  if ((name === 'field' || name === 'procedure') && typeof value === 'string') return words.t(`cases.${name}.${value}`)
  if (name === 'officers' && Array.isArray(value)) return value.filter(isObject).map(officerWords).join(' · ')
  if (name === 'external' && isObject(value)) return `${String(value['system'])} ${String(value['id'])}`
  if (name === 'stages' && isObject(value)) {
    return Object.entries(value)
      .filter((entry): entry is [string, Json] => isObject(entry[1]))
      .map(([stage, times]) => `${words.t(`cases.stage.${stage}`)} ${spanWords(times['begin'], times['end'])}`)
      .join(' · ')
  }
  return typeof value === 'string' ? value : ''
}

export const officerWords = (one: Json): string => [one['name'], one['certificate_no']].filter(Boolean).join(' ')

export function spanWords(begin: unknown, end: unknown): string {
  const [from, to] = [begin, end].map((time) => (typeof time === 'string' ? localTime(time).slice(0, 16) : ''))
  return from || to ? `${from} – ${to}`.trim() : ''
}
