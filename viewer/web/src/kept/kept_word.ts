/* Where a clip or hold stands on the way to its end, and who may take the next step. Pure. */
import type { Kept } from '@/api/types'
import { localTime } from '@/words/time'

/** kept: nobody wants it otherwise. asked: one person does. agreed: two did, and there is time to think again. */
export type KeptWord = 'kept' | 'asked' | 'agreed' | 'free'

export function keptWord(one: Kept): KeptWord {
  if (!one.standing) return 'free'
  if (one.removal === null) return 'kept'
  return one.removal.free_at === null ? 'asked' : 'agreed'
}

export interface NextSteps {
  ask: boolean
  agree: boolean
  withdraw: boolean
}

/** `me` is the name in the audit log. Who asked cannot agree. */
export function nextSteps(one: Kept, me: string): NextSteps {
  const word = keptWord(one)
  return {
    ask: word === 'kept',
    agree: word === 'asked' && one.removal?.asked_by !== me,
    withdraw: word === 'asked' || word === 'agreed',
  }
}

/** 2026-12-01 09:00:00–09:02:00, in local time. */
export function intervalOf(one: Kept): string {
  const [from, to] = [localTime(one.start), localTime(one.end)]
  return `${from}–${from.slice(0, 10) === to.slice(0, 10) ? to.slice(11) : to}`
}

/** user:li.wei → li.wei */
export const nameOf = (principal: string): string => principal.replace(/^user:/, '')
