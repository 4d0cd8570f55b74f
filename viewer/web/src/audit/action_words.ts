/* Actions of the log in words; the server's own name for one that has none here. */
import { useI18n } from 'vue-i18n'

export const FAMILIES = [
  'session',
  'password',
  'user',
  'access',
  'alarm',
  'live',
  'recording',
  'case',
  'clip',
  'hold',
  'export',
  'retention',
  'deletion',
  'device',
  'checkpoint',
  'unit',
  'audit',
  'ledger',
  'heads',
] as const

export function useActionWords(): (action: string) => string {
  const { tm } = useI18n()
  return (action) => {
    const words: Readonly<Record<string, string>> = tm('audit.actions')
    return words[action] ?? action
  }
}

/** The details of an entry in one line: `channel main, purpose duty`. */
export function detailWords(detail: Readonly<Record<string, unknown>>): string {
  return Object.entries(detail)
    .map(([name, value]) => `${name} ${typeof value === 'string' ? value : JSON.stringify(value)}`)
    .join(', ')
}
