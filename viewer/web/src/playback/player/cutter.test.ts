import { describe, expect, it } from 'vitest'
import { fragment, KEY, NOT_KEY } from '@/live/player/boxes.fixture'
import { Mp4Error } from '@/live/player/boxes'
import { readFragments } from '@/live/player/fragment'
import { GroupCutter } from './cutter'

const TRACKS = [
  { id: 1, kind: 'video', timescale: 90_000 },
  { id: 2, kind: 'audio', timescale: 8_000 },
] as const

const picture = (decodeTime: number, key = false, cts = 0) =>
  fragment(1, decodeTime, [{ duration: 7, size: 5, flags: key ? KEY : NOT_KEY, cts }])
const sound = (decodeTime: number) => fragment(2, decodeTime, [{ duration: 800, size: 3, flags: KEY, cts: 0 }])

/** Pictures at 0, 40 and 240 ms: the third came behind a hole. */
const GROUP = new Uint8Array([...picture(90_000, true), ...sound(8_000), ...picture(93_600), ...picture(111_600)])
const LENGTH_MS = 280

function cut(pieces: Uint8Array[], lengthMs = LENGTH_MS) {
  const cutter = new GroupCutter(TRACKS, lengthMs)
  const cuts = [...pieces.map((piece) => cutter.feed(piece)), cutter.finish()]
  return {
    firstPtsS: cutter.firstPtsS,
    pictures: cuts.flatMap((one) => one.pictures),
    sound: cuts.flatMap((one) => one.sound),
    shownAtMs: cuts.flatMap((one) => one.shownAtMs),
  }
}

/** The duration stands in the trun's first row. */
function durationOf(bytes: Uint8Array): number {
  const at = [...bytes].findIndex((_, n) => String.fromCharCode(...bytes.slice(n, n + 4)) === 'trun')
  return new DataView(bytes.buffer, bytes.byteOffset).getUint32(at + 16)
}

describe('GroupCutter', () => {
  it('gives each picture the time up to the next, and the last one what is left of the group', () => {
    const whole = cut([GROUP])
    expect(whole.pictures.map(durationOf)).toEqual([3_600, 18_000, 3_600])
    expect(whole.shownAtMs).toEqual([0, 40, 240])
    expect(whole.firstPtsS).toBe(1)
    expect(whole.sound.map((one) => readFragments(one)[0]?.decodeTime)).toEqual([8_000])
  })

  it('cuts the same at every split, and byte by byte', () => {
    const whole = cut([GROUP])
    for (let at = 1; at < GROUP.length; at += 1) {
      expect(cut([GROUP.slice(0, at), GROUP.slice(at)])).toEqual(whole)
    }
    expect(cut([...GROUP].map((byte) => new Uint8Array([byte])))).toEqual(whole)
  })

  it('does not touch what it was given', () => {
    const given = GROUP.slice()
    cut([given])
    expect(given).toEqual(GROUP)
  })

  it('says when pictures are shown by presentation time, B-frames in the order of their bytes', () => {
    const group = new Uint8Array([...picture(0, true, 7_200), ...picture(3_600, false, 14_400), ...picture(7_200, false, 3_600)])
    const whole = cut([group], 120)
    expect(whole.shownAtMs).toEqual([0, 120, 40])
    expect(whole.firstPtsS).toBe(0.08)
  })

  it('never gives a picture no time at all, whatever the group is said to last', () => {
    expect(cut([GROUP], 0).pictures.map(durationOf)).toEqual([3_600, 18_000, 1])
  })

  it('refuses what is cut off or no boxes', () => {
    expect(() => cut([GROUP.slice(0, -1)])).toThrow(Mp4Error)
    expect(() => cut([new Uint8Array([0, 0, 0, 1, 1, 1, 1, 1])])).toThrow(Mp4Error)
    expect(() => cut([new Uint8Array([0xff, 0, 0, 0, 1, 1, 1, 1])])).toThrow(Mp4Error)
  })

  it('leaves out tracks that nobody told of', () => {
    const foreign = new Uint8Array([...fragment(9, 0, [{ duration: 1, size: 1, flags: KEY, cts: 0 }]), ...GROUP])
    expect(cut([foreign]).pictures.length).toBe(3)
  })
})
