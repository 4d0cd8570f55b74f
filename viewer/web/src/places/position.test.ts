import { describe, expect, it } from 'vitest'
import { parsePosition, positionText } from './position'

describe('a position as typed', () => {
  it.each(['30.2741, 120.1551', '30.2741,120.1551', ' 30.2741 120.1551 ', '30.2741，120.1551'])('takes %j', (text) => {
    expect(parsePosition(text)).toEqual({ latitude: 30.2741, longitude: 120.1551 })
  })

  it('takes nothing as no position', () => {
    expect(parsePosition('  ')).toBeNull()
  })

  it.each(['30', '30, x', '95, 120', '30, 181', '30, 120, 5', 'NaN, 1'])('refuses %j', (text) => {
    expect(parsePosition(text)).toBeUndefined()
  })
})

it('writes what it reads', () => {
  expect(positionText({ latitude: 30.2741, longitude: 120.1551 })).toBe('30.2741, 120.1551')
  expect(positionText({ latitude: null, longitude: null })).toBe('')
})
