import { describe, expect, it } from 'vitest'

import type { Kept } from '@/api/types'
import { keptWord, nameOf, nextSteps } from './kept_word'

const KEPT: Kept = {
  kind: 'clip',
  id: 'a',
  device: 'dev1',
  channel: 'main',
  unit: 'u',
  start: '2026-12-01T00:00:00.000Z',
  end: '2026-12-01T00:02:00.000Z',
  references: [],
  case: '',
  stage: '',
  note: '',
  created_by: 'user:first',
  created_at: '2026-12-01T00:02:00.000Z',
  removal: null,
  standing: true,
  version: 1,
}
const ASKED: Kept = {
  ...KEPT,
  removal: { asked_by: 'user:first', asked_at: '2026-12-01T00:03:00.000Z', reason: 'wrong', agreed_by: null, free_at: null },
}
const AGREED: Kept = {
  ...ASKED,
  removal: { ...ASKED.removal!, agreed_by: 'user:second', free_at: '2026-12-08T00:03:00.000Z' },
}

describe('what is kept', () => {
  it('says where it stands on the way to its end', () => {
    expect([KEPT, ASKED, AGREED, { ...AGREED, standing: false }].map(keptWord)).toEqual(['kept', 'asked', 'agreed', 'free'])
  })

  it('goes by the word of two, and neither may be both', () => {
    expect(nextSteps(KEPT, 'user:first')).toEqual({ ask: true, agree: false, withdraw: false })
    expect(nextSteps(ASKED, 'user:first')).toEqual({ ask: false, agree: false, withdraw: true })
    expect(nextSteps(ASKED, 'user:second')).toEqual({ ask: false, agree: true, withdraw: true })
    expect(nextSteps(AGREED, 'user:second')).toEqual({ ask: false, agree: false, withdraw: true })
    expect(nextSteps({ ...AGREED, standing: false }, 'user:first')).toEqual({ ask: false, agree: false, withdraw: false })
  })

  it('names people without what the log puts before them', () => {
    expect([nameOf('user:li.wei'), nameOf('cli:0')]).toEqual(['li.wei', 'cli:0'])
  })
})
