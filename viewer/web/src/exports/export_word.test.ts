import { expect, it } from 'vitest'
import { READY } from '@/exports/export.fixture'
import { exportWord, isUnderWay, lengthOf, nextSteps, share } from '@/exports/export_word'

it('tells one that waits for a person from one that waits for its turn', () => {
  const waiting = { ...READY, state: 'waiting' as const }
  expect(exportWord(waiting)).toBe('waiting')
  expect(exportWord({ ...waiting, waits_for_agreement: true })).toBe('agreement')
  expect([waiting, { ...waiting, waits_for_agreement: true }, READY].map(isUnderWay)).toEqual([true, false, false])
})

it('goes from nothing to all over the phases and never back', () => {
  const at = (phase: string, done: number, total: number): number => share({ ...READY, progress: { phase, done, total } })
  const shares = [at('signing', 0, 0), at('gathering', 1, 2), at('playable', 0, 2), at('custody', 0, 0), at('writing', 0, 9), at('writing', 9, 9)]
  expect(shares).toEqual([...shares].sort((a, b) => a - b))
  expect([shares[0], shares.at(-1)]).toEqual([0, 100])
})

it('lets somebody else agree, not who ordered it', () => {
  const asked = { ...READY, state: 'waiting' as const, waits_for_agreement: true }
  expect(nextSteps(asked, 'user:li.wei')).toEqual({ agree: false, cancel: true, take: false })
  expect(nextSteps(asked, 'user:wang').agree).toBe(true)
  expect(nextSteps({ ...READY, state: 'expired' }, 'user:wang')).toEqual({ agree: false, cancel: false, take: false })
})

it('says lengths in hours, minutes, seconds', () => {
  expect([62, 3_723].map(lengthOf)).toEqual(['0:01:02', '1:02:03'])
})
