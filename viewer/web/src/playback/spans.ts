/* Where there is footage and where there is none, and why. Pure; runs and gaps are in order of time. */
import type { Gap, KeptSpan, Lane, Original, Run } from './contract'

export interface Span {
  readonly startMs: number
  readonly endMs: number
}

/** Index of the last one that begins at or before the moment, or -1: thousands are searched at each move of a pointer. */
function lastBegun(spans: readonly Span[], atMs: number): number {
  let low = 0
  let high = spans.length
  while (low < high) {
    const middle = (low + high) >> 1
    if ((spans[middle] as Span).startMs <= atMs) low = middle + 1
    else high = middle
  }
  return low - 1
}

export function runAt(lane: Lane, atMs: number): Run | null {
  // A device that came back on another connection may have two streams for a moment: the later one may be over first.
  for (let n = lastBegun(lane.runs, atMs); n >= 0 && n >= lastBegun(lane.runs, atMs) - 1; n -= 1) {
    const run = lane.runs[n] as Run
    if (atMs < run.endMs) return run
  }
  return null
}

/** The first run that begins behind the moment. */
export function runAfter(lane: Lane, atMs: number): Run | null {
  return lane.runs[lastBegun(lane.runs, atMs) + 1] ?? null
}

/** The last run that is over at the moment. */
export function runBefore(lane: Lane, atMs: number): Run | null {
  for (let n = lastBegun(lane.runs, atMs); n >= 0; n -= 1) {
    const run = lane.runs[n] as Run
    if (run.endMs <= atMs) return run
  }
  return null
}

/** What is said of a moment without footage: the gap with its cause, or the hole between runs that none explains. */
export function gapAt(lane: Lane, atMs: number): Gap | null {
  const begun = lastBegun(lane.gaps, atMs)
  for (let n = begun; n >= 0 && n > begun - 8; n -= 1) {
    const gap = lane.gaps[n] as Gap
    if (atMs < gap.endMs || gap.ongoing) return gap
  }
  return null
}

/** Where the first footage of any of the lanes begins, behind the moment. */
export function nextFootage(lanes: readonly Lane[], atMs: number): number | null {
  return least(lanes.map((lane) => runAfter(lane, atMs)?.startMs ?? null))
}

export function hasFootage(lanes: readonly Lane[], atMs: number): boolean {
  return lanes.some((lane) => runAt(lane, atMs) !== null)
}

/** Some device is recording now. */
export function goesOn(lanes: readonly Lane[]): boolean {
  return lanes.some(({ runs }) => runs[runs.length - 1]?.live ?? false)
}

export function firstFootage(lanes: readonly Lane[]): number | null {
  return least(lanes.map((lane) => lane.runs[0]?.startMs ?? null))
}

export function lastFootage(lanes: readonly Lane[]): number | null {
  let found: number | null = null
  for (const { runs } of lanes) for (const { endMs } of runs) if (found === null || endMs > found) found = endMs
  return found
}

export function nextGap(lanes: readonly Lane[], atMs: number): Gap | null {
  let found: Gap | null = null
  for (const { gaps } of lanes) {
    const gap = gaps[lastBegun(gaps, atMs) + 1]
    if (gap !== undefined && (found === null || gap.startMs < found.startMs)) found = gap
  }
  return found
}

/** The first clip or hold that begins behind the moment. */
export function nextKept(lanes: readonly Lane[], atMs: number): KeptSpan | null {
  let found: KeptSpan | null = null
  for (const { kept } of lanes) {
    const one = kept[lastBegun(kept, atMs) + 1]
    if (one !== undefined && (found === null || one.startMs < found.startMs)) found = one
  }
  return found
}

export const keptAt = ({ kept }: Lane, atMs: number): readonly KeptSpan[] =>
  kept.filter(({ startMs, endMs }) => atMs >= startMs && atMs < endMs)

/** What a file that was sent later has of the moment. */
export const originalAt = ({ originals }: Lane, atMs: number): Original | null =>
  originals.find(({ startMs, endMs }) => atMs >= startMs && atMs < endMs) ?? null

/** The lane with one more clip or hold. */
export function withKept(lane: Lane, more: readonly KeptSpan[]): Lane {
  if (more.length === 0) return lane
  return { ...lane, kept: [...lane.kept, ...more].sort((a, b) => a.startMs - b.startMs) }
}

/**
 * The way ahead of a playhead that leaves out what no lane has: `playedMs` of it, as intervals in order. What is to be
 * fetched beforehand lies in them.
 */
export function pathAhead(lanes: readonly Lane[], fromMs: number, playedMs: number): Span[] {
  const path: Span[] = []
  let at: number | null = fromMs
  let left = playedMs
  while (at !== null && left > 0 && path.length < PATH_MAX) {
    const start: number = at
    let end = start
    for (const run of lanes.map((lane) => runAt(lane, start))) if (run !== null) end = Math.max(end, run.endMs)
    if (end > start) {
      const taken = Math.min(end, start + left)
      const last = path[path.length - 1]
      if (last !== undefined && last.endMs === start) path[path.length - 1] = { startMs: last.startMs, endMs: taken }
      else path.push({ startMs: start, endMs: taken })
      left -= taken - start
      at = taken === end ? end : null
    } else {
      at = nextFootage(lanes, start)
    }
  }
  return path
}

const BACK_MS = 4_000 // at a time: a few groups

/** The way back, nearest first: what was passed lies behind the playhead soon. */
export function pathBack(fromMs: number, speed: number): Span[] {
  const length = BACK_MS * Math.max(1, speed / 2)
  return [0, 1, 2].map((n) => ({ startMs: fromMs - (n + 1) * length, endMs: fromMs - n * length + 1 }))
}

const PATH_MAX = 64 // a link that fails all the time: what lies behind so many gaps is fetched when it is nearer

/** What is left of a span where there are no gaps. */
export function without({ startMs, endMs }: Span, gaps: readonly Span[]): Span[] {
  const left: Span[] = []
  let at = startMs
  for (const gap of [...gaps].sort((a, b) => a.startMs - b.startMs)) {
    if (gap.endMs <= at || gap.startMs >= endMs) continue
    if (gap.startMs > at) left.push({ startMs: at, endMs: gap.startMs })
    at = gap.endMs
  }
  if (at < endMs) left.push({ startMs: at, endMs })
  return left
}

/** The lane with footage that came behind what was known of it; `live`: more is coming. */
export function grown(lane: Lane, { startMs, endMs }: Span, live: boolean): Lane {
  const last = lane.runs[lane.runs.length - 1]
  if (last !== undefined && endMs <= last.endMs) {
    return last.live === live || endMs < last.endMs ? lane : { ...lane, runs: [...lane.runs.slice(0, -1), { ...last, live }] }
  }
  const follows = last !== undefined && startMs <= last.endMs + FOLLOWS_MS
  const run = { startMs: follows ? last.startMs : startMs, endMs, live }
  const before = (follows ? lane.runs.slice(0, -1) : lane.runs).map((one) => (one.live ? { ...one, live: false } : one))
  const gaps = lane.gaps.map((gap) =>
    gap.ongoing && !follows ? { ...gap, endMs: Math.max(gap.startMs, startMs), ongoing: false } : gap,
  )
  return { ...lane, runs: [...before, run], gaps }
}

export const FOLLOWS_MS = 500 // up to here what comes next is one footage with what was before

/** The lane with a gap that was not known of. */
export function withGap(lane: Lane, gap: Gap): Lane {
  const known = lane.gaps.findIndex((one) => one.cause === gap.cause && same(one.startMs, gap.startMs))
  if (known < 0) return { ...lane, gaps: [...lane.gaps, gap].sort((a, b) => a.startMs - b.startMs) }
  const before = lane.gaps[known] as Gap
  if (same(before.endMs, gap.endMs) && before.ongoing === gap.ongoing) return lane
  const closedBy = gap.closedBy.length > 0 ? gap.closedBy : before.closedBy // a segment knows of no originals
  return { ...lane, gaps: lane.gaps.map((one, n) => (n === known ? { ...gap, closedBy } : one)) }
}

/** Lanes are told in whole milliseconds, segments with parts of them. */
const same = (oneMs: number, otherMs: number): boolean => Math.abs(oneMs - otherMs) < 1

function least(values: readonly (number | null)[]): number | null {
  let found: number | null = null
  for (const value of values) if (value !== null && (found === null || value < found)) found = value
  return found
}
