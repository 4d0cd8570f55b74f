import { describe, expect, it } from 'vitest'
import { actionOf } from './keys'
import { faster } from './speeds'

const press = (key: string, more = {}) => actionOf({ key, shiftKey: false, repeat: false, ...more })

describe('the keys', () => {
  it('play, step and jump', () => {
    expect(press(' ')).toEqual({ act: 'play_or_pause' })
    expect(press('ArrowLeft')).toEqual({ act: 'picture', by: -1 })
    expect(press('ArrowRight', { shiftKey: true })).toEqual({ act: 'skip', byMs: 1_000 })
    expect(press('N', { shiftKey: true })).toEqual({ act: 'next_gap' })
    expect(press('n')).toEqual({ act: 'next_kept' })
    expect([press('i'), press('O'), press('c')]).toEqual([{ act: 'cut_in' }, { act: 'cut_out' }, { act: 'cut' }])
    expect([press('Home'), press('End'), press('K')]).toEqual([{ act: 'begin' }, { act: 'end' }, { act: 'pause' }])
  })

  it('that are held go on stepping, and do nothing else again', () => {
    expect(press('ArrowRight', { repeat: true })).toEqual({ act: 'picture', by: 1 })
    expect(press(' ', { repeat: true })).toBeNull()
    expect(press('l', { repeat: true })).toBeNull()
  })

  it('L and J go faster their way, and turn round at the simple speed', () => {
    expect([faster(null, true), faster(1, true), faster(0.5, true), faster(4, true), faster(8, true)]).toEqual([1, 2, 1, 8, 8])
    expect([faster(4, false), faster(-1, false), faster(-8, false), faster(-2, true)]).toEqual([-1, -2, -8, 1])
  })
})
