/* How periods, hours and reasons are said. */
import { useI18n } from 'vue-i18n'
import type { RetentionPolicy } from '@/api/types'
import { HOUSE, type Tagged } from '@/retention/server'

export function hours(seconds: number): string {
  const value = seconds / 3_600
  return value >= 100 ? String(Math.round(value)) : value.toFixed(1)
}

/** Whole where it is, to the tenth where the settings say so. */
export const dayCount = (days: number): string => String(Math.round(days * 10) / 10)

export function useRetentionWords(): {
  unitOf: (unit: string, name?: string) => string
  ruleOf: (unit: string, name?: string) => string
  taggedWords: (tagged: Tagged) => string
  nameOf: (policy: RetentionPolicy) => string
} {
  const { t } = useI18n()
  const unitOf = (unit: string, name = ''): string => (unit === HOUSE ? t('retention.house') : name || unit || '—')
  return {
    unitOf,
    ruleOf: (unit, name = '') => (unit === '' ? t('retention.settings') : unitOf(unit, name)),
    taggedWords: (tagged) =>
      tagged === null
        ? t('retention.untilReleased')
        : tagged === 'for_ever'
          ? t('retention.forEver')
          : t('retention.taggedFrom', { years: t('retention.years', { n: tagged }) }),
    nameOf: (policy) => unitOf(policy.unit, policy.name),
  }
}
