/** Builds the bytes that the server would send; for tests only. */

export function u32(...values: number[]): number[] {
  return values.flatMap((value) => [(value >>> 24) & 255, (value >>> 16) & 255, (value >>> 8) & 255, value & 255])
}

export function u64(value: number): number[] {
  return u32(Math.floor(value / 0x1_0000_0000), value % 0x1_0000_0000)
}

export function box(type: string, ...parts: number[][]): number[] {
  const body = parts.flat()
  return [...u32(body.length + 8), ...[...type].map((letter) => letter.charCodeAt(0)), ...body]
}

export interface Sample {
  readonly duration: number
  readonly size: number
  readonly flags: number
  readonly cts: number
}

export const KEY = 0x0200_0000
export const NOT_KEY = 0x0101_0000

export function fragment(trackId: number, decodeTime: number, samples: Sample[], receivedMs = 0): number[] {
  const ntpSeconds = Math.floor(receivedMs / 1_000) + 2_208_988_800
  const ntpFraction = Math.round(((receivedMs % 1_000) / 1_000) * 0x1_0000_0000)
  const rows = samples.flatMap((sample) => u32(sample.duration, sample.size, sample.flags, sample.cts))
  return [
    ...box('prft', u32(0x0100_0000, trackId, ntpSeconds, ntpFraction), u64(decodeTime)),
    ...box(
      'moof',
      box('mfhd', u32(0, 1)),
      box(
        'traf',
        box('tfhd', u32(0x02_0000, trackId)),
        box('tfdt', u32(0x0100_0000), u64(decodeTime)),
        box('trun', u32(0x0100_0f01, samples.length, 0), rows),
      ),
    ),
    ...box('mdat', Array.from({ length: samples.reduce((sum, sample) => sum + sample.size, 0) }, () => 0xee)),
  ]
}

export function init(trackId: number, timescale: number, entry: string): number[] {
  const stsd = box('stsd', u32(0, 1), box(entry, u32(0, 0)))
  return [
    ...box('ftyp', u32(0x69736f6d)),
    ...box(
      'moov',
      box('mvhd', u32(0)),
      box(
        'trak',
        box('tkhd', u32(7, 0, 0, trackId, 0, 0)),
        box('mdia', box('mdhd', u32(0, 0, 0, timescale, 0)), box('minf', box('stbl', stsd))),
      ),
    ),
  ]
}
