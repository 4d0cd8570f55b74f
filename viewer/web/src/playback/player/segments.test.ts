import { describe, expect, it } from 'vitest'
import type { GroupItem, Lane, SegmentItem } from '../contract'
import { type Segment, segmentFrom, Segments } from './segments'

const iso = (ms: number): string => new Date(ms).toISOString()
const NONE: ReadonlySet<string> = new Set()
const playable = (): boolean => true

function segment(id: string, startMs: number, groups: number, more: Partial<SegmentItem> = {}): Segment {
  const items: GroupItem[] = Array.from({ length: groups }, (_, n) => ({
    first_sequence: n * 25 + 1,
    start_ms: startMs + n * 1_000,
    end_ms: startMs + n * 1_000 + 960,
    offset: 1_000 + n * 500,
    length: 500,
    pictures: 25,
    key: true,
    device_offset_ms: null,
  }))
  return segmentFrom(
    {
      segment: id,
      stream: 's',
      device: 'dev1',
      channel: 'main',
      start: iso(startMs),
      end: iso(startMs + groups * 1_000),
      sealed: true,
      missing: false,
      next: null,
      size_bytes: 1_000 + groups * 500,
      digest: null,
      tracks: [],
      groups: items,
      gaps: [],
      ...more,
    },
    0,
  )
}

const lane = (...runs: [number, number][]): Lane => ({
  device: 'dev1',
  name: '',
  checkpoint: '',
  runs: runs.map(([startMs, endMs]) => ({ startMs, endMs, live: false })),
  gaps: [],
  kept: [],
  originals: [], thinned: false,
})

const ahead = (startMs: number, endMs: number) => [{ startMs, endMs }]
const offsets = (wish: ReturnType<Segments['wish']>) => (wish?.kind === 'groups' ? wish.groups.map(({ offset }) => offset) : wish)

describe('what a lane asks for', () => {
  it('begins by asking which segment has the moment', () => {
    expect(new Segments().wish(lane([0, 10_000]), ahead(4_200, 9_000), NONE, playable)).toEqual({ kind: 'at', atMs: 4_200 })
  })

  it('takes the group of the moment alone, then those behind it together, then nothing', () => {
    const segments = new Segments()
    const one = segment('a', 0, 20)
    segments.put(one, 0)
    const first = segments.wish(lane([0, 20_000]), ahead(4_200, 12_500), NONE, playable)
    expect(offsets(first)).toEqual([3_000])
    const have = new Set([one.groups[4]?.key ?? ''])
    const more = segments.wish(lane([0, 20_000]), ahead(4_200, 12_500), have, playable)
    expect(offsets(more)).toEqual([3_500, 4_000, 4_500, 5_000, 5_500, 6_000, 6_500, 7_000])
    for (const group of one.groups) have.add(group.key)
    expect(segments.wish(lane([0, 20_000]), ahead(4_200, 12_500), have, playable)).toBeNull()
  })

  it('goes on to the next segment, over a gap as well', () => {
    const segments = new Segments()
    const one = segment('a', 0, 3, { next: 'b' })
    segments.put(one, 0)
    const have = new Set(one.groups.map(({ key }) => key))
    expect(segments.wish(lane([0, 6_000]), ahead(0, 6_000), have, playable)).toEqual({ kind: 'segment', id: 'b' })
    const apart = lane([0, 3_000], [8_000, 9_000])
    expect(segments.wish(apart, [...ahead(0, 3_000), ...ahead(8_000, 9_000)], have, playable)).toEqual({ kind: 'at', atMs: 8_000 })
  })

  it('asks for no moment twice of which the server has nothing', () => {
    const segments = new Segments()
    segments.hole({ startMs: 4_000, endMs: 7_000 })
    expect(segments.wish(lane([0, 10_000]), ahead(4_200, 9_000), NONE, playable)).toEqual({ kind: 'at', atMs: 7_000 })
    segments.hole({ startMs: 7_000, endMs: Infinity })
    expect(segments.wish(lane([0, 10_000]), ahead(4_200, 9_000), NONE, playable)).toBeNull()
    segments.forgetHoles()
    expect(segments.wish(lane([0, 10_000]), ahead(4_200, 9_000), NONE, playable)).toEqual({ kind: 'at', atMs: 4_200 })
  })

  it('leaves out what is missing on the disk and what this browser cannot play', () => {
    const segments = new Segments()
    segments.put(segment('a', 0, 3), 0)
    segments.put(segment('b', 3_000, 3), 0)
    segments.lost('a')
    expect(offsets(segments.wish(lane([0, 6_000]), ahead(0, 6_000), NONE, playable))).toEqual([1_000])
    expect(segments.wish(lane([0, 6_000]), ahead(0, 6_000), NONE, () => false)).toBeNull()
  })

  it('looks at an open segment again once a second, near its end', () => {
    const segments = new Segments()
    segments.put(segment('a', 0, 5, { sealed: false }), 0)
    expect(segments.toReadAgain(4_000, 999, 30_000)).toBeNull()
    expect(segments.toReadAgain(4_000, 1_000, 30_000)?.id).toBe('a')
    expect(segments.toReadAgain(4_000, 1_000, 500)).toBeNull()
  })
})

describe('what is shown at a moment', () => {
  it('is the group that has begun, as long as its last picture stands', () => {
    const segments = new Segments()
    segments.put(segment('a', 0, 2), 0)
    expect([0, 999, 1_000, 1_950, 1_970, 2_500].map((at) => segments.groupAt(at)?.startMs ?? null)).toEqual([0, 0, 1_000, 1_000, null, null])
  })

  it('has a group that begins within the millisecond that was told', () => {
    const segments = new Segments()
    segments.put({ ...segment('a', 100, 1), groups: segment('a', 100.7, 1).groups }, 0)
    expect(segments.groupAt(100)?.startMs).toBe(100.7)
  })

  it('keeps what is near in mind', () => {
    const segments = new Segments()
    for (let n = 0; n < 100; n += 1) segments.put(segment(`s${n}`, n * 1_000, 1), 99_000)
    expect(segments.get('s99')).toBeDefined()
    expect(segments.get('s0')).toBeUndefined()
  })
})
