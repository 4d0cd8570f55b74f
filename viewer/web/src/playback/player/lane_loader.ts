/**
 * Asks for what a lane lacks, one request at a time, and tells what came. It owns no element.
 *
 * A seek drops the request under way unless it is for the new moment. A server that is away is asked
 * again after a pause; a view that the server has ended is opened anew by its owner (`renew`).
 */

import { Problem } from '@/api/problem'
import { type AtItem, type Gap, gapFrom, type Lane, type SegmentItem } from '../contract'
import { gapAt, runAfter, runAt, type Span } from '../spans'
import { type Group, type Segment, segmentFrom, Segments, type Wish } from './segments'

export interface LaneDoors {
  at(atMs: number, signal: AbortSignal): Promise<AtItem>
  segment(id: string, signal: AbortSignal): Promise<SegmentItem>
  media(segment: string, range: { offset: number; length: number }, signal: AbortSignal): AsyncGenerator<Uint8Array>
  /** The server knows this view no more: it was open for long without a request, or the server was started anew. */
  renew(): Promise<void>
}

export interface LoaderEvents {
  /** Bytes of groups of this segment begin; each is handed over as it comes, and ends before the next. */
  onGroup(segment: Segment, group: Group): GroupTaker
  onSegment(item: SegmentItem, segment: Segment): void
  onGap(gap: Gap): void
}

export interface GroupTaker {
  feed(bytes: Uint8Array): void
  finish(): void
  drop(): void
}

export type Trouble = { readonly kind: 'away' | 'refused'; readonly problem: unknown } | null

const PAUSE_MS = 2_000 // between tries while the server is away
const CROWDED_MS = 300 // what was dropped is being sent still: it is over soon
const NEAR_MS = 30_000 // to the end of an open segment: it is read again
const NOTHING_YET_MS = 3_000 // between questions whether a device has come back
const RENEWALS_MAX = 2 // in a row: then it is not the view that is gone

export class LaneLoader {
  readonly segments = new Segments()
  trouble: Trouble = null
  private underWay: { readonly wish: Wish; readonly abort: AbortController } | null = null
  private notBeforeMs = 0
  private askedForNewsMs = Number.NEGATIVE_INFINITY
  private explainedMs = Number.NaN
  private newsWanted = false
  private renewals = 0
  private closed = false

  constructor(
    private readonly doors: LaneDoors,
    private readonly events: LoaderEvents,
    private readonly now: () => number = () => performance.now(),
  ) {}

  get busy(): boolean {
    return this.underWay !== null
  }

  /** Whether the bytes of this moment are on their way. */
  isFor(atMs: number): boolean {
    const wish = this.underWay?.wish
    return wish?.kind === 'groups' && wish.groups.some(({ startMs, fillEndMs }) => atMs >= startMs && atMs < fillEndMs)
  }

  /** Somebody waits for another moment. */
  drop(): void {
    this.underWay?.abort.abort()
    this.underWay = null
  }

  close(): void {
    this.closed = true
    this.drop()
  }

  /** The device is said to be on line: what came behind all that is known? */
  lookForNews(): void {
    this.newsWanted = true
  }

  /** The server is said to be back, or somebody asks to try again. */
  hurry(): void {
    this.notBeforeMs = 0
    this.renewals = 0
    this.trouble = null
    this.segments.forgetHoles()
  }

  /** `atEdge`: what comes anew is to be seen at once. */
  tick(lane: Lane, atMs: number, path: readonly Span[], have: ReadonlySet<string>, playable: (segment: Segment) => boolean, atEdge: boolean): void {
    const nowMs = this.now()
    if (this.closed || this.busy || nowMs < this.notBeforeMs || this.trouble?.kind === 'refused') return
    const wish = this.wish(lane, atMs, path, have, playable, atEdge, nowMs)
    if (wish === null) return
    const abort = new AbortController()
    const job = { wish, abort }
    this.underWay = job
    this.run(wish, lane, abort.signal)
      .then(() => {
        this.renewals = 0
        this.trouble = null
      })
      .catch((error: unknown) => this.failed(wish, error, abort.signal))
      .finally(() => {
        if (this.underWay === job) this.underWay = null
      })
  }

  private wish(
    lane: Lane,
    atMs: number,
    path: readonly Span[],
    have: ReadonlySet<string>,
    playable: (segment: Segment) => boolean,
    atEdge: boolean,
    nowMs: number,
  ): Wish | null {
    const wish = this.segments.wish(lane, path, have, playable)
    // Bytes for this moment first; of an open segment the news, before what lies far ahead of an older moment.
    if (wish !== null && !(wish.kind === 'groups' && atEdge)) return wish
    const again = this.segments.toReadAgain(atMs, nowMs, NEAR_MS)
    if (again !== null) return { kind: 'segment', id: again.id }
    if (wish !== null) return wish
    const last = lane.runs[lane.runs.length - 1]
    if (this.newsWanted && last !== undefined) {
      this.newsWanted = false
      return { kind: 'at', atMs: last.endMs + 1 }
    }
    if (runAt(lane, atMs) !== null) return null
    const due = atEdge && nowMs - this.askedForNewsMs > NOTHING_YET_MS
    const unexplained = gapAt(lane, atMs) === null && this.explainedMs !== atMs // once for each moment somebody looks at
    if (!due && !unexplained) return null
    this.askedForNewsMs = nowMs
    this.explainedMs = atMs
    return { kind: 'at', atMs }
  }

  private async run(wish: Wish, lane: Lane, signal: AbortSignal): Promise<void> {
    if (wish.kind === 'at') await this.ask(wish.atMs, lane, signal)
    else if (wish.kind === 'segment') await this.read(wish.id, signal)
    else await this.bring(wish.segment, wish.groups, signal)
  }

  private async ask(atMs: number, lane: Lane, signal: AbortSignal): Promise<void> {
    const { segment, next, gap } = await this.doors.at(atMs, signal)
    if (gap !== null) this.events.onGap(gapFrom(gap))
    if (segment !== null && !this.segments.gone(segment)) {
      const known = await this.read(segment, signal)
      if (known.startMs <= atMs && known.endMs > atMs) return
    }
    const nextMs = next === null ? null : Date.parse(next.start)
    const endMs = nextMs ?? runAfter(lane, atMs)?.startMs ?? atMs + NOTHING_YET_MS
    this.segments.hole({ startMs: atMs, endMs: Math.max(endMs, atMs + 1) }) // what begins within this millisecond is asked for at the next
    const news = next !== null && nextMs !== null && runAt(lane, nextMs) === null && !this.segments.gone(next.segment)
    if (news) await this.read(next.segment, signal)
  }

  private async read(id: string, signal: AbortSignal): Promise<Segment> {
    const item = await this.doors.segment(id, signal)
    const segment = segmentFrom(item, this.now())
    this.segments.put(segment, segment.startMs)
    this.events.onSegment(item, segment)
    return segment
  }

  private async bring(segment: Segment, groups: readonly Group[], signal: AbortSignal): Promise<void> {
    const first = groups[0] as Group
    const last = groups[groups.length - 1] as Group
    const range = { offset: first.offset, length: last.offset + last.length - first.offset }
    let n = 0
    let left = first.length
    let taker = this.events.onGroup(segment, first)
    try {
      for await (const chunk of this.doors.media(segment.id, range, signal)) {
        signal.throwIfAborted()
        let rest = chunk
        while (rest.byteLength >= left && n < groups.length) {
          taker.feed(rest.subarray(0, left))
          taker.finish()
          rest = rest.subarray(left)
          n += 1
          const next = groups[n]
          if (next === undefined) break
          left = next.length
          taker = this.events.onGroup(segment, next)
        }
        if (rest.byteLength > 0 && n < groups.length) {
          taker.feed(rest)
          left -= rest.byteLength
        }
      }
      if (n < groups.length) throw new Problem({ status: 0, title: 'the bytes end before the group' })
    } finally {
      if (n < groups.length) taker.drop()
    }
  }

  private async failed(wish: Wish, error: unknown, signal: AbortSignal): Promise<void> {
    if (signal.aborted || this.closed || (error instanceof DOMException && error.name === 'AbortError')) return
    this.notBeforeMs = this.now() + PAUSE_MS
    if (!(error instanceof Problem)) throw error
    const gone = error.status === 410 || (error.status === 404 && this.renewals > 0) // a view that was just opened is there
    if (gone && wish.kind !== 'at') {
      this.notBeforeMs = 0
      this.segments.lost(wish.kind === 'segment' ? wish.id : wish.segment.id)
    } else if (error.status === 404 && this.renewals < RENEWALS_MAX) {
      this.renewals += 1
      this.notBeforeMs = 0
      await this.doors.renew().catch((again: unknown) => {
        this.trouble = { kind: away(again) ? 'away' : 'refused', problem: again }
        this.notBeforeMs = this.now() + PAUSE_MS
      })
    } else if (error.status === 429) {
      this.notBeforeMs = this.now() + CROWDED_MS
    } else {
      this.trouble = { kind: away(error) ? 'away' : 'refused', problem: error }
    }
  }
}

/** What may be over by itself: no answer, a busy server, too many views. */
function away(error: unknown): boolean {
  return error instanceof Problem && (error.status === 0 || error.status >= 500 || error.status === 429)
}
