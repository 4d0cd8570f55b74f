/* How far a package is, in a word and a share, and who may take the next step. Pure. */
import type { Export } from '@/api/types'

/** As the server says it, but that one waits for a person is told apart from one that waits for its turn. */
export type ExportWord = 'agreement' | 'waiting' | 'running' | 'ready' | 'failed' | 'cancelled' | 'expired'

export const exportWord = (one: Export): ExportWord => (one.waits_for_agreement ? 'agreement' : one.state)

/** Whether it changes by itself soon: the page looks again. */
export const isUnderWay = (one: Export): boolean => ['waiting', 'running'].includes(exportWord(one))

const PHASES = ['signing', 'gathering', 'playable', 'copying', 'custody', 'writing'] as const
export type Phase = (typeof PHASES)[number]

export const isPhase = (word: string): word is Phase => (PHASES as readonly string[]).includes(word)

/** 0 to 100 over all phases; writing, which moves the bytes, is the latter half. */
export function share(one: Export): number {
  const progress = one.progress
  if (progress === null || progress === undefined || !isPhase(progress.phase)) return 0
  const part = progress.total > 0 ? Math.min(1, progress.done / progress.total) : 0
  const before = PHASES.indexOf(progress.phase)
  if (progress.phase === 'writing') return Math.round(50 + 50 * part)
  return Math.round((50 * (before + part)) / (PHASES.length - 1))
}

export interface ExportSteps {
  agree: boolean
  cancel: boolean
  take: boolean
}

/** `me` is the name in the audit log. Who ordered it cannot agree. */
export function nextSteps(one: Export, me: string): ExportSteps {
  const word = exportWord(one)
  return {
    agree: word === 'agreement' && one.created_by !== me,
    cancel: ['agreement', 'waiting', 'running', 'ready'].includes(word),
    take: word === 'ready',
  }
}

/** 1:02:03 */
export function lengthOf(seconds: number): string {
  const two = (value: number): string => String(value).padStart(2, '0')
  return `${Math.floor(seconds / 3_600)}:${two(Math.floor(seconds / 60) % 60)}:${two(Math.floor(seconds) % 60)}`
}
