/* What the stages of a case say: which are on record, and which must be and are not. Pure. */
import type { Case, CaseStage } from '@/api/types'

export type StageWord = 'covered' | 'required' | 'optional'

export const stageWord = (stage: CaseStage): StageWord => (stage.clips > 0 ? 'covered' : stage.required ? 'required' : 'optional')

export const missingStages = (of: Case): number => of.stages.filter((stage) => stageWord(stage) === 'required').length

export const clipsOf = (of: Case): number => of.stages.reduce((sum, stage) => sum + stage.clips, 0)
