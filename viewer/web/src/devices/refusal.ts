/* Why the server turned a device away, in words, and what to do about it. */
import { useI18n } from 'vue-i18n'
import type { Refusal } from '@/api/types'

const KNOWN = [
  'wrong_key',
  'disabled',
  'unknown_device',
  'codec_not_supported',
  'other_device_path',
  'bad_description',
  'transport_not_supported',
  'address_not_allowed',
  'unreachable',
  'tls_not_trusted',
  'wrong_password',
  'password_unreadable',
  'not_found',
  'camera_refused',
  'no_media',
]

/* What the other side said is part of the reason. */
const SAID_IN_FULL = ['codec_not_supported', 'camera_refused', 'address_not_allowed', 'tls_not_trusted']

export interface RefusalWords {
  what: (refusal: Pick<Refusal, 'reason' | 'words'>) => string
  advice: (reason: string) => string
}

export function useRefusalWords(): RefusalWords {
  const { t } = useI18n()
  const key = (reason: string): string => (KNOWN.includes(reason) ? reason : 'other')
  return {
    what: ({ reason, words }) => {
      const what = t(`refusal.${key(reason)}`, { reason })
      return SAID_IN_FULL.includes(reason) && words !== '' ? `${what}: ${words}` : what
    },
    advice: (reason) => t(`refusalAdvice.${key(reason)}`),
  }
}
