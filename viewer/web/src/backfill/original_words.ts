/* An original in words: where it lies, how far it differs, how large it is. Pure. */
import type { Original } from '@/api/types'
import { localTime } from '@/words/time'

const DIFFERING = ['altered', 'live_damaged', 'only_original', 'only_live'] as const
const COUNTED = ['agreeing', 'in_gaps', 'beyond', ...DIFFERING] as const
const REASONS = ['content_differs', 'no_time', 'too_much', 'no_pictures', 'file_missing'] as const

export type Reason = (typeof REASONS)[number]
export type Counted = (typeof COUNTED)[number]

/** 2026-12-01 09:00:00–09:02:00, in local time; empty where it has no place. */
export function intervalOf({ start, end }: { start: string | null; end: string | null }): string {
  if (start === null || end === null) return ''
  const [from, to] = [localTime(start), localTime(end)]
  return `${from}–${from.slice(0, 10) === to.slice(0, 10) ? to.slice(11) : to}`
}

/** Pictures that are not the same in both. */
export const differing = (one: Original): number => DIFFERING.reduce((sum, kind) => sum + (one.counts[kind] ?? 0), 0)

/** What was counted, in a fixed order. */
export const countsOf = (one: Original): [Counted, number][] =>
  COUNTED.flatMap((kind) => (one.counts[kind] ? [[kind, one.counts[kind]] as [Counted, number]] : []))

/** The word for why it has no place; null: what a person or a worker said, in their own words. */
export const reasonOf = (words: string): Reason | null => REASONS.find((one) => one === words) ?? null

export const nameOf = (principal: string): string => principal.replace(/^(user|device):/, '')

export function sizeWords(bytes: number): string {
  const units = ['B', 'KB', 'MB', 'GB']
  const step = Math.min(units.length - 1, Math.floor(Math.log10(Math.max(1, bytes)) / 3))
  return `${(bytes / 1000 ** step).toFixed(step === 0 ? 0 : 1)} ${units[step]}`
}
