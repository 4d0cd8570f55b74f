/**
 * What is known of the segments of one lane, and what to ask for next. Pure: moments in, a wish out.
 *
 * A walk along the wanted intervals, nearest first: the first group that is not there yet is the wish;
 * on the way the segment that has a moment is asked for (`at`), or the one that goes on (`next`).
 * What the server has nothing for is remembered, so that no moment is asked for twice.
 */
import type { GroupItem, Lane, SegmentItem, TrackItem } from '../contract'
import { FOLLOWS_MS, runAfter, runAt, type Span } from '../spans'

const SEGMENTS_MAX = 64 // five hours of five-minute segments: beyond that the farthest are forgotten
const HOLES_MAX = 256
const BATCH_MAX_BYTES = 2 * 1024 * 1024 // one request ahead; about four seconds at 4 Mbit/s
const BATCH_MAX_GROUPS = 8
const STEPS_MAX = 4_000 // of one walk: half an hour of groups of half a second
const CUT_MS = 1 // starts of runs and segments are told in whole milliseconds, those of groups exactly
const LOOK_AGAIN_MS = 1_000 // an open segment grows by what was synced, once a second

export interface Group extends Span {
  readonly key: string
  readonly segment: string
  readonly offset: number
  readonly length: number
  readonly begins: boolean
  /** Up to where its last picture is shown: the next group's start where that follows at once. */
  readonly fillEndMs: number
  readonly deviceOffsetMs: number | null
}

export interface Segment extends Span {
  readonly id: string
  readonly stream: string
  readonly sealed: boolean
  readonly missing: boolean
  readonly next: string | null
  readonly tracks: readonly TrackItem[]
  readonly groups: readonly Group[]
  readonly readMs: number
}

export type Wish =
  | { readonly kind: 'at'; readonly atMs: number }
  | { readonly kind: 'segment'; readonly id: string }
  | { readonly kind: 'groups'; readonly segment: Segment; readonly groups: readonly Group[] }

export function segmentFrom(item: SegmentItem, readMs: number): Segment {
  const { segment: id, stream, sealed, missing, next, tracks } = item
  return {
    id,
    stream,
    sealed,
    missing,
    next,
    tracks,
    readMs,
    startMs: Date.parse(item.start),
    endMs: Date.parse(item.end),
    groups: item.groups.map((group, n) => groupFrom(id, group, item.groups[n + 1])),
  }
}

function groupFrom(segment: string, group: GroupItem, next: GroupItem | undefined): Group {
  const follows = next !== undefined && next.start_ms > group.start_ms && next.start_ms - group.end_ms < FOLLOWS_MS
  return {
    key: `${segment}/${group.offset}/${group.length}`,
    segment,
    offset: group.offset,
    length: group.length,
    begins: group.key,
    startMs: group.start_ms,
    endMs: group.end_ms,
    fillEndMs: follows ? next.start_ms : group.end_ms,
    deviceOffsetMs: group.device_offset_ms,
  }
}

export class Segments {
  private known = new Map<string, Segment>()
  private holes: Span[] = []
  private readonly lostOnes = new Set<string>()

  get(id: string): Segment | undefined {
    return this.known.get(id)
  }

  put(segment: Segment, nearMs: number): void {
    this.known.set(segment.id, segment)
    if (this.known.size <= SEGMENTS_MAX) return
    const away = ({ startMs, endMs }: Segment): number => Math.max(startMs - nearMs, nearMs - endMs)
    const farthest = [...this.known.values()].reduce((a, b) => (away(a) >= away(b) ? a : b))
    this.known.delete(farthest.id)
  }

  /** The file is not there, or is shorter than its index says; or there is no such segment any more. */
  lost(id: string): void {
    const segment = this.known.get(id)
    this.lostOnes.add(id)
    if (segment !== undefined) this.known.set(id, { ...segment, missing: true })
  }

  gone(id: string): boolean {
    return this.lostOnes.has(id) && !this.known.has(id)
  }

  hole(span: Span): void {
    this.holes.push(span)
    if (this.holes.length > HOLES_MAX) this.holes.shift()
  }

  holeAt(ms: number): boolean {
    return this.holes.some(({ startMs, endMs }) => ms >= startMs && ms < endMs)
  }

  forgetHoles(): void {
    this.holes = []
  }

  at(ms: number): Segment | null {
    let found: Segment | null = null
    for (const segment of this.known.values()) {
      if (ms >= segment.startMs && ms < segment.endMs && (found === null || segment.startMs > found.startMs)) found = segment
    }
    return found
  }

  /** The group that is shown at the moment: the last that has begun, as long as its last picture stands. */
  groupAt(ms: number): Group | null {
    const segment = this.at(ms)
    if (segment === null) return null
    const group = groupIn(segment, ms)
    return group !== null && ms < Math.max(group.fillEndMs, group.endMs) ? group : null
  }

  /** The last group that has begun at the moment, shown still or not. */
  groupBegun(ms: number): Group | null {
    const segment = this.at(ms)
    return segment === null ? null : groupIn(segment, ms)
  }

  /** The first group of the moment's segment that begins behind it. */
  groupBehind(ms: number): Group | null {
    return this.at(ms)?.groups.find(({ startMs }) => startMs > ms) ?? null
  }

  /** An open segment near the moment that may have grown. */
  toReadAgain(nearMs: number, nowMs: number, withinMs: number): Segment | null {
    for (const segment of this.known.values()) {
      if (segment.sealed || segment.missing || nowMs - segment.readMs < LOOK_AGAIN_MS) continue
      if (nearMs >= segment.startMs && nearMs >= segment.endMs - withinMs) return segment
    }
    return null
  }

  /** A sealed one that ends here: what goes on was perhaps not there yet when it was read. */
  endingAt(ms: number): Segment | null {
    let found: Segment | null = null
    for (const segment of this.known.values()) {
      if (segment.endMs <= ms && ms - segment.endMs < FOLLOWS_MS && (found === null || segment.endMs > found.endMs)) found = segment
    }
    return found
  }

  wish(lane: Lane, path: readonly Span[], have: ReadonlySet<string>, playable: (segment: Segment) => boolean): Wish | null {
    for (const { startMs, endMs } of path) {
      let at = startMs
      for (let steps = 0; at < endMs && steps < STEPS_MAX; steps += 1) {
        const next = this.step(lane, at, have, playable)
        if (typeof next !== 'number') return next
        at = Math.max(next, at + 1)
      }
    }
    return null
  }

  /** What is wanted for the moment, or where to look on. */
  private step(lane: Lane, at: number, have: ReadonlySet<string>, playable: (segment: Segment) => boolean): Wish | number {
    const segment = this.at(at)
    if (segment !== null) {
      if (segment.missing || !playable(segment)) return segment.endMs
      const group = groupIn(segment, at)
      if (group === null) return segment.groups[0]?.startMs ?? segment.endMs
      if (!have.has(group.key)) return { kind: 'groups', segment, groups: batch(segment, group, have) }
      const next = segment.groups[segment.groups.indexOf(group) + 1]
      return next?.startMs ?? Math.max(segment.endMs, at + 1)
    }
    if (runAt(lane, at) === null) return runAfter(lane, at)?.startMs ?? Infinity
    const hole = this.holes.find((one) => at >= one.startMs && at < one.endMs)
    if (hole !== undefined) return hole.endMs
    const before = this.endingAt(at)
    if (before !== null && !before.sealed) return runAfter(lane, at)?.startMs ?? Infinity // it is read again by itself
    if (before?.next != null && !this.known.has(before.next) && !this.lostOnes.has(before.next)) return { kind: 'segment', id: before.next }
    return { kind: 'at', atMs: at }
  }
}

/** The last group of the segment that has begun. */
function groupIn(segment: Segment, ms: number): Group | null {
  let low = 0
  let high = segment.groups.length
  while (low < high) {
    const middle = (low + high) >> 1
    if ((segment.groups[middle] as Group).startMs < ms + CUT_MS) low = middle + 1
    else high = middle
  }
  return segment.groups[low - 1] ?? null
}

/** One group where nothing is there yet, so that its first picture comes soon; then several in one request. */
function batch(segment: Segment, first: Group, have: ReadonlySet<string>): Group[] {
  const from = segment.groups.indexOf(first)
  const before = segment.groups[from - 1]
  const groups = [first]
  if (before === undefined || !have.has(before.key)) return groups
  let bytes = first.length
  for (const group of segment.groups.slice(from + 1)) {
    const last = groups[groups.length - 1] as Group
    bytes += group.length
    if (have.has(group.key) || group.offset !== last.offset + last.length) break
    if (groups.length >= BATCH_MAX_GROUPS || bytes > BATCH_MAX_BYTES) break
    groups.push(group)
  }
  return groups
}
