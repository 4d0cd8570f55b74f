import { expect, it } from 'vitest'
import { Pointers } from './pinch'

it('a hand that trembles has clicked, one that goes on has dragged', () => {
  const pointers = new Pointers()
  pointers.down(1, 100)
  expect(pointers.move(1, 102)).toBeNull()
  expect(pointers.up(1)).toBe(true)

  pointers.down(1, 100)
  expect(pointers.move(1, 110)).toEqual({ kind: 'drag', fromX: 100, byPx: 10, x: 110 })
  expect(pointers.move(1, 108)).toEqual({ kind: 'drag', fromX: 100, byPx: -2, x: 108 })
  expect(pointers.up(1)).toBe(false)
})

it('two fingers zoom around what lies between them, and lifting them is no click', () => {
  const pointers = new Pointers()
  pointers.down(1, 100)
  pointers.down(2, 200)
  expect(pointers.move(2, 300)).toEqual({ kind: 'spread', factor: 0.5, x: 200 })
  expect([pointers.up(1), pointers.up(2)]).toEqual([false, false])
  expect(pointers.move(3, 5)).toBeNull()
})
