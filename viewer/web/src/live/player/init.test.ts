import { describe, expect, it } from 'vitest'
import { Mp4Error } from './boxes'
import { fragment, init, KEY } from './boxes.fixture'
import { isInit, playableType, readInit, renameEntry } from './init'

const bytes = (values: number[]): Uint8Array => new Uint8Array(values)

describe('readInit', () => {
  it('tells the track and its timescale', () => {
    expect(readInit(bytes(init(2, 48_000, 'mp4a')))).toEqual({ trackId: 2, timescale: 48_000 })
  })

  it('lets only Mp4Error escape from a cut segment', () => {
    const whole = bytes(init(1, 90_000, 'avc3'))
    for (const at of whole.keys()) expect(() => readInit(whole.slice(0, at))).toThrow(Mp4Error)
  })

  it('is told from fragments', () => {
    expect(isInit(bytes(init(1, 90_000, 'avc3')))).toBe(true)
    expect(isInit(bytes(fragment(1, 0, [{ duration: 1, size: 1, flags: KEY, cts: 0 }])))).toBe(false)
    expect(isInit(new Uint8Array(3))).toBe(false)
  })
})

describe('playableType', () => {
  const avc3 = 'video/mp4; codecs="avc3.64001f"'
  it('takes the type as it is where the browser does', () => {
    expect(playableType(avc3, () => true)).toEqual({ mime: avc3, rename: false })
  })

  it('renames avc3 and hev1 where the browser knows only their twins', () => {
    const only = (entry: string) => (mime: string) => mime.includes(entry)
    expect(playableType(avc3, only('avc1'))).toEqual({ mime: 'video/mp4; codecs="avc1.64001f"', rename: true })
    expect(playableType('video/mp4; codecs="hev1.1.6.L93.B0"', only('hvc1'))?.mime).toContain('"hvc1.1.6.L93.B0"')
  })

  it('is null where nothing helps: H.265 without a decoder, G.711', () => {
    expect(playableType('video/mp4; codecs="hev1.1.6.L93.B0"', () => false)).toBeNull()
    expect(playableType(null, () => true)).toBeNull()
  })
})

describe('renameEntry', () => {
  it('changes the entry in a copy and leaves the original alone', () => {
    const original = bytes(init(1, 90_000, 'avc3'))
    const kept = original.slice()
    const renamed = renameEntry(original)
    expect(new TextDecoder('latin1').decode(renamed)).toContain('avc1')
    expect(original).toEqual(kept)
    expect([...renamed.keys()].filter((at) => renamed[at] !== original[at])).toHaveLength(1)
  })
})
