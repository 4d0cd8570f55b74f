/* How a stream password does, in a word; and whether somebody should see to its end soon. Pure. */
import type { StreamPassword } from '@/api/types'

export type PasswordWord = 'in_use' | 'used' | 'unused'

/** Time enough to make another and take it to the wall. */
const SOON_MS = 7 * 24 * 3_600_000

export function passwordWord(password: Pick<StreamPassword, 'views' | 'last_used_at'>): PasswordWord {
  if (password.views > 0) return 'in_use'
  return password.last_used_at === null ? 'unused' : 'used'
}

export const expiresSoon = (password: Pick<StreamPassword, 'expires_at'>, nowMs: number): boolean =>
  Date.parse(password.expires_at) - nowMs < SOON_MS
