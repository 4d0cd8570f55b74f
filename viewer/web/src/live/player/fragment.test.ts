import { describe, expect, it } from 'vitest'
import { Mp4Error } from './boxes'
import { box, fragment, KEY, NOT_KEY, u32, u64 } from './boxes.fixture'
import { readFragments, trackOf } from './fragment'

const bytes = (values: number[]): Uint8Array => new Uint8Array(values)
const picture = (flags: number, cts = 0) => ({ duration: 3_600, size: 5, flags, cts })

describe('readFragments', () => {
  it('tells track, times, key and receive time of each fragment in a message', () => {
    const message = [
      ...fragment(1, 90_000, [picture(KEY, 7_200)], 1_700_000_000_250),
      ...fragment(1, 93_600, [picture(NOT_KEY, -3_600)], 1_700_000_000_290),
    ]
    const [first, second] = readFragments(bytes(message))
    expect(first).toMatchObject({ trackId: 1, decodeTime: 90_000, firstPts: 97_200, lastPts: 97_200, key: true })
    expect(first?.receivedMs).toBeCloseTo(1_700_000_000_250, 1)
    expect(second).toMatchObject({ decodeTime: 93_600, firstPts: 90_000, lastPts: 90_000, key: false, samples: 1 })
  })

  it('adds up durations over the samples of a piece of sound', () => {
    const frame = { duration: 1_024, size: 2, flags: KEY, cts: 0 }
    const [facts] = readFragments(bytes(fragment(2, 48_000, [frame, frame, frame])))
    expect(facts).toMatchObject({ samples: 3, firstPts: 48_000, lastPts: 50_048 })
  })

  it('keeps decode times beyond 32 bits', () => {
    const [facts] = readFragments(bytes(fragment(1, 2 ** 40 + 5, [picture(KEY)])))
    expect(facts?.decodeTime).toBe(2 ** 40 + 5)
  })

  it('writes the stretched duration and touches no other byte', () => {
    const message = bytes(fragment(1, 0, [picture(KEY), picture(NOT_KEY)]))
    const before = message.slice()
    readFragments(message, 90_000)
    const changed = [...message.keys()].filter((at) => message[at] !== before[at])
    expect(readFragments(message).map((facts) => facts.lastPts)).toEqual([90_000])
    // 3,600 and 90,000 differ in three bytes of the two durations, wherever these lie.
    expect(changed).toHaveLength(6)
    expect(message.byteLength).toBe(before.byteLength)
  })

  it('finds the duration in tfhd when the run has none', () => {
    const moof = box(
      'moof',
      box('traf', box('tfhd', u32(0x8, 1, 3_000)), box('tfdt', u32(0, 7)), box('trun', u32(0, 2))),
    )
    const message = bytes(moof)
    expect(readFragments(message)[0]).toMatchObject({ decodeTime: 7, lastPts: 3_007, key: true })
    readFragments(message, 90_000)
    expect(readFragments(message)[0]?.lastPts).toBe(90_007)
  })

  it('lets only Mp4Error escape, wherever a message is cut or a byte is wrong', () => {
    const whole = bytes(fragment(1, 90_000, [picture(KEY), picture(NOT_KEY)]))
    const attempts = [...whole.keys()].map((at) => whole.slice(0, at))
    for (const value of [0, 1, 8, 127, 255]) {
      for (const at of whole.keys()) {
        const altered = whole.slice()
        altered[at] = value
        attempts.push(altered)
      }
    }
    for (const attempt of attempts) {
      try {
        readFragments(attempt, 90_000)
      } catch (error) {
        expect(error).toBeInstanceOf(Mp4Error)
      }
    }
  })

  it('refuses a message without a fragment', () => {
    expect(() => readFragments(bytes(box('free', u64(0))))).toThrow(Mp4Error)
  })
})

describe('trackOf', () => {
  it('names the track of a message', () => {
    expect(trackOf(bytes(fragment(2, 0, [picture(KEY)])))).toBe(2)
  })
})
