import { expect, it } from 'vitest'
import { caseOf, stageOf } from './case.fixture'
import { clipsOf, missingStages, stageWord } from './stages'

it('calls a stage missing only when it must be on record and nothing is', () => {
  expect(stageWord(stageOf('start'))).toBe('required')
  expect(stageWord(stageOf('start', { required: false }))).toBe('optional')
  expect(stageWord(stageOf('start', { required: false, clips: 1 }))).toBe('covered')
})

it('counts what is missing and what is there', () => {
  const stages = [stageOf('start', { clips: 2 }), stageOf('review', { required: false }), stageOf('decision')]
  expect([missingStages(caseOf({ stages })), clipsOf(caseOf({ stages }))]).toEqual([1, 2])
  expect(missingStages(caseOf())).toBe(6)
})
