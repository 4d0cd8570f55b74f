import { expect, it } from 'vitest'
import { expiresSoon, passwordWord } from './password_word'

const at = '2026-11-24T12:00:00.000Z'

it.each([
  [{ views: 2, last_used_at: at }, 'in_use'],
  [{ views: 0, last_used_at: at }, 'used'],
  [{ views: 0, last_used_at: null }, 'unused'],
] as const)('of %j says %j', (password, word) => {
  expect(passwordWord(password)).toBe(word)
})

it('warns a week before the end', () => {
  const week = 7 * 24 * 3_600_000
  expect(expiresSoon({ expires_at: at }, Date.parse(at) - week)).toBe(false)
  expect(expiresSoon({ expires_at: at }, Date.parse(at) - week + 1)).toBe(true)
})
