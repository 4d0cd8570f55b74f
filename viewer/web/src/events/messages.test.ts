import { expect, it } from 'vitest'
import { parseMessage } from './messages'

it('reads what it knows', () => {
  expect(parseMessage('{"type":"closing","reason":"revoked"}')).toEqual({ type: 'closing', reason: 'revoked' })
})

it.each(['', 'null', '[]', '{}', '{"type":"tomorrow"}', '{"type":'])('passes over %j', (text) => {
  expect(parseMessage(text)).toBeNull()
})
