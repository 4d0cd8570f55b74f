import { describe, expect, it } from 'vitest'
import { follow, INTO_PICTURE_S } from './follow'
import { Playhead } from './playhead'

describe('a lane that follows the playhead', () => {
  it('is led back by its rate when it is a little off', () => {
    expect(follow(10, 10.01, 1)).toEqual({ rate: 1, seekToS: null })
    expect(follow(10, 10.1, 1).rate).toBeCloseTo(1.1)
    expect(follow(10.2, 10, 1)).toEqual({ rate: 0.85, seekToS: null })
    expect(follow(10.2, 10, 4).rate).toBeCloseTo(3.4)
  })

  it('is sought when it is far off, at a high speed when it is farther', () => {
    expect(follow(10, 12, 1).seekToS).toBe(12 + INTO_PICTURE_S)
    expect(follow(10, 11, 8).seekToS).toBeNull()
  })

  it('stands exactly in the picture when nothing moves, and is not sought again', () => {
    const step = follow(10, 10.4, 0)
    expect(step).toEqual({ rate: 0, seekToS: 10.4 + INTO_PICTURE_S })
    expect(follow(step.seekToS ?? 0, 10.4, 0).seekToS).toBeNull()
  })
})

describe('the playhead', () => {
  it('goes on with the clock at its rate, and stands where it was paused', () => {
    const playhead = new Playhead(1_000)
    expect(playhead.at(5_000)).toBe(1_000)
    playhead.play(2, 5_000)
    expect(playhead.at(5_500)).toBe(2_000)
    playhead.play(0.5, 5_500)
    expect(playhead.at(6_500)).toBe(2_500)
    playhead.pause(6_500)
    expect([playhead.at(9_000), playhead.rate]).toEqual([2_500, null])
  })

  it('waits while it is held and loses nothing by it', () => {
    const playhead = new Playhead(0)
    playhead.play(1, 0)
    playhead.hold(true, 100)
    playhead.hold(true, 300)
    expect(playhead.at(500)).toBe(100)
    playhead.hold(false, 500)
    expect(playhead.at(600)).toBe(200)
  })

  it('goes on from where it was put', () => {
    const playhead = new Playhead(0)
    playhead.play(-1, 0)
    playhead.seek(5_000, 100)
    expect(playhead.at(600)).toBe(4_500)
  })
})
