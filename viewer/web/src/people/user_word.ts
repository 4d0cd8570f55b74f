/* What one word says about an account. */
import type { User } from '@/api/types'

export type UserWord = 'enabled' | 'disabled' | 'must_change'

export function userWord(user: User): UserWord {
  if (!user.enabled) return 'disabled'
  return user.must_change_password ? 'must_change' : 'enabled'
}
