/* What the server says and takes of retention. Units are named here by `_house` where the rule for all is meant. */
import { answer, api, ifVersion } from '@/api/client'
import { loadAll } from '@/api/lists'
import type {
  DeletionCertificate,
  Page,
  PlannedChannel,
  PolicyChange,
  RetentionAnswer,
  RetentionEffect,
  RetentionPlan,
  RetentionPolicy,
} from '@/api/types'

export const HOUSE = '_house'

export type Tagged = RetentionPolicy['tagged']

export interface PolicyWish {
  untagged_days: number | null
  tagged: Tagged
  note: string
}

export const listPolicies = (): Promise<RetentionPolicy[]> =>
  loadAll((page) => answer(api.GET('/api/v1/retention/policies', { params: { query: { ...page } } })))

export const decide = (policy: RetentionPolicy, body: PolicyWish): Promise<RetentionPolicy> =>
  answer(
    api.PUT('/api/v1/retention/policies/{unit}', {
      params: { path: { unit: policy.unit }, header: ifVersion(policy.version) },
      body,
    }),
  )

export const readEffect = (unit: string, days: number | null): Promise<RetentionEffect> =>
  answer(
    api.GET('/api/v1/retention/policies/{unit}/effect', {
      params: { path: { unit }, query: days === null ? {} : { untagged_days: days } },
    }),
  )

export const readHistory = async (unit: string): Promise<PolicyChange[]> =>
  (await answer(api.GET('/api/v1/retention/policies/{unit}/history', { params: { path: { unit } } }))).items

export const readPlan = (days: number): Promise<RetentionPlan> =>
  answer(api.GET('/api/v1/retention/plan', { params: { query: { days } } }))

export const listPlannedChannels = (days: number, day: string, unit: string): Promise<PlannedChannel[]> =>
  loadAll((page) =>
    answer(api.GET('/api/v1/retention/plan/channels', { params: { query: { days, day, unit, sort: '-bytes', ...page } } })),
  )

export const readWhy = (device: string, at: string): Promise<RetentionAnswer> =>
  answer(api.GET('/api/v1/retention', { params: { query: { device, at } } }))

export const readDeletions = (kept: boolean, page: { limit: number; cursor: string | null }): Promise<Page<DeletionCertificate>> =>
  answer(api.GET('/api/v1/deletions', { params: { query: { kept, ...page } } }))

export const certificateUrl = (sequence: number): string => `/api/v1/deletions/${sequence}`
