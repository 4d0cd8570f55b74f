import { expect, it } from 'vitest'
import { problemFrom, unreachable } from './problem'

it('reads what RFC 9457 says, with the field and its fix', () => {
  const problem = problemFrom(422, { title: 'A value cannot be taken', detail: 'No id.', field: 'id', fix: 'Give one.', status: 422 })
  expect(problem).toMatchObject({ status: 422, title: 'A value cannot be taken', detail: 'No id.', field: 'id', fix: 'Give one.' })
})

it.each(['<html>Bad gateway</html>', null, 7, { title: 5 }])('makes a problem of %j too', (body) => {
  expect(problemFrom(502, body)).toMatchObject({ status: 502, title: 'HTTP 502', detail: '' })
})

it('tells a server that did not answer from one that refused', () => {
  expect(unreachable().unreachable).toBe(true)
  expect(problemFrom(500, {}).unreachable).toBe(false)
})
