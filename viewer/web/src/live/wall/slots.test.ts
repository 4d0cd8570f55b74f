import { describe, expect, it } from 'vitest'
import { devicesIn, emptySlots, fill, pin, place, slotFor, type Slots, swap, take, turn } from './slots'

const hung = (...devices: (string | null)[]): Slots =>
  emptySlots().map((_, index) => {
    const device = devices[index]
    return device ? { device, pinned: false } : null
  })

describe('placing', () => {
  it('finds where a device hangs, then a free slot, then the selected one', () => {
    expect(slotFor(hung('a', null, 'b'), 4, 'b', 0)).toBe(2)
    expect(slotFor(hung('a', null, 'b'), 4, 'c', 0)).toBe(1)
    expect(slotFor(hung('a', 'b', 'c', 'd'), 4, 'e', 2)).toBe(2)
    expect(slotFor(hung('a'), 1, 'e', 9)).toBe(0)
  })

  it('hangs a device once', () => {
    expect(devicesIn(place(hung('a', 'b'), 'a', 3), 4)).toEqual(['b', 'a'])
  })

  it('keeps a pin when the device is placed where it hangs', () => {
    const slots = pin(hung('a'), 0, true)
    expect(place(slots, 'a', 0)).toBe(slots)
  })

  it('swaps two slots, also with an empty one, and takes one down', () => {
    expect(swap(hung('a', 'b'), 0, 1)[0]?.device).toBe('b')
    expect(swap(hung('a'), 0, 2)[2]?.device).toBe('a')
    expect(devicesIn(take(hung('a', 'b'), 0), 4)).toEqual(['b'])
  })

  it('fills only free slots of the grid and nothing twice', () => {
    expect(devicesIn(fill(hung('a', null, null, null), 4, ['a', 'b', 'c', 'd', 'e']), 16)).toEqual(['a', 'b', 'c', 'd'])
  })

  it('forgets nothing when the grid becomes smaller', () => {
    const slots = hung('a', 'b', 'c', 'd')
    expect(devicesIn(slots, 1)).toEqual(['a'])
    expect(devicesIn(slots, 4)).toEqual(['a', 'b', 'c', 'd'])
  })
})

describe('turn', () => {
  const list = ['a', 'b', 'c', 'd', 'e', 'f']

  it('shows the whole list in turn and begins again', () => {
    let slots = hung()
    let next: string | null = null
    const seen: string[][] = []
    for (let n = 0; n < 4; n += 1) {
      ;({ slots, next } = turn(slots, 4, list, next))
      seen.push(devicesIn(slots, 4))
    }
    expect(seen).toEqual([
      ['a', 'b', 'c', 'd'],
      ['e', 'f', 'a', 'b'],
      ['c', 'd', 'e', 'f'],
      ['a', 'b', 'c', 'd'],
    ])
  })

  it('leaves a pinned tile alone and does not show its device twice', () => {
    const slots = pin(hung('c', 'x', 'y', 'z'), 0, true)
    const first = turn(slots, 4, list, null)
    expect(devicesIn(first.slots, 4)).toEqual(['c', 'a', 'b', 'd'])
    expect(first.next).toBe('e')
  })

  it('moves nothing when the list fits', () => {
    const slots = hung('b', 'a')
    expect(turn(slots, 4, ['a', 'b'], null)).toEqual({ slots, next: null })
    expect(devicesIn(turn(hung('x'), 4, ['a', 'b'], null).slots, 4)).toEqual(['a', 'b'])
  })

  it('goes on at the beginning when the next device has left the list', () => {
    expect(devicesIn(turn(hung(), 4, list, 'gone').slots, 4)).toEqual(['a', 'b', 'c', 'd'])
  })

  it('does nothing without a list or without a free tile', () => {
    const slots = hung('a', 'b')
    expect(turn(slots, 4, [], null).slots).toBe(slots)
    const pinned = pin(hung('a'), 0, true)
    expect(turn(pinned, 1, list, null).slots).toBe(pinned)
  })
})
