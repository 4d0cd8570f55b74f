/* A case for tests. */
import type { Case, CaseStage, Stage } from '@/api/types'

const STAGES: readonly Stage[] = ['start', 'investigation', 'review', 'decision', 'service', 'enforcement']

export const stageOf = (stage: Stage, fields: Partial<CaseStage> = {}): CaseStage => ({
  stage,
  required: true,
  begin: null,
  end: null,
  clips: 0,
  ...fields,
})

export const caseOf = (fields: Partial<Case> = {}): Case => ({
  id: '01AAAAAAAAAAAAAAAAAAAAAAAA',
  unit: 'north',
  case_no: '北市监罚〔2026〕1号',
  cause: '无照经营',
  field: 'market_regulation',
  procedure: 'ordinary',
  officers: [],
  party: '某某商行',
  note: '',
  external: null,
  status: 'open',
  stages: STAGES.map((stage) => stageOf(stage)),
  begun_at: '2026-03-01T00:00:00.000Z',
  created_at: '2026-03-01T00:00:00.000Z',
  imported: false,
  version: 1,
  ...fields,
})
