/**
 * One device of the playback: a <video> that follows the playhead, and what is to be said of it.
 *
 * Not here: what to ask for (segments.ts), asking (lane_loader.ts), what is in the buffers
 * (lane_buffer.ts), where the playhead goes (player.ts).
 */

import { type Gap, type Lane, type SegmentItem } from '../contract'
import { SOUND_UP_TO } from '../speeds'
import { gapAt, grown, runAfter, runAt, runBefore, type Span, without, withGap } from '../spans'
import { follow } from './follow'
import { LaneBuffer, type LaneElements, playable, trackOf } from './lane_buffer'
import { type LaneDoors, LaneLoader } from './lane_loader'
import type { Segment } from './segments'
import { type LaneSound, type LaneState, type LaneStatus, NOTHING_SHOWN } from './status'

const KEPT_MS = 30_000 // in the buffer, before and behind the playhead
const BREAKS_MAX = 3 // within the period: then the decoder is not tried again until somebody asks
const BREAKS_PERIOD_MS = 60_000
const DUE_MS = 5_000 // a device that has been silent for so long is not waited for by the others
const EDGE_MS = 60
const SOUND_FIRST_MS = 2_000 // footage may begin with this much sound before its first picture

export interface Tick {
  readonly atMs: number
  /** 0: it stands. */
  readonly rate: number
  /** What is to be fetched, nearest first. */
  readonly path: readonly Span[]
  readonly atEdge: boolean
  readonly serverNowMs: number
}

export type Beside = { readonly kind: 'picture' | 'missing'; readonly atMs: number }

export class LanePlayer {
  status: LaneStatus = NOTHING_SHOWN
  private readonly loader: LaneLoader
  private readonly buffer: LaneBuffer
  private soundOn = false
  private breaks: number[] = []
  private frameRequest: number | null = null

  constructor(
    public lane: Lane,
    private readonly elements: LaneElements,
    private readonly base: Span,
    doors: LaneDoors,
    onSoundRefused: () => void,
  ) {
    this.loader = new LaneLoader(doors, {
      onGroup: (segment, group) => this.buffer.taker(segment, group),
      onSegment: (item, segment) => this.learn(item, segment),
      onGap: (gap) => (this.lane = withGap(this.lane, gap)),
    })
    this.buffer = new LaneBuffer(elements, base.startMs, base.endMs - base.startMs, {
      onBroken: () => this.broke(),
      onUnreadable: ({ id }) => this.loader.segments.lost(id),
      onSoundRefused,
    })
    this.watchFrames()
  }

  close(): void {
    this.loader.close()
    this.buffer.close()
    if (this.frameRequest !== null) this.elements.video.cancelVideoFrameCallback(this.frameRequest)
  }

  /** Somebody asks for it, or the server is back. */
  retry(): void {
    this.breaks = []
    this.loader.hurry()
  }

  /** The device is said to be on line. */
  lookForNews(): void {
    this.loader.lookForNews()
  }

  /** Somebody went to another moment: what is under way for the old one is not waited for. */
  sought(atMs: number): void {
    if (!this.loader.isFor(atMs)) this.loader.drop()
  }

  wantSound(wanted: boolean): void {
    this.soundOn = wanted
    this.buffer.wantSound(wanted)
  }

  /** Nothing that is due here keeps the others waiting. */
  ready(atMs: number, serverNowMs: number): boolean {
    return this.stateAt(atMs, serverNowMs) !== 'loading'
  }

  tick(tick: Tick): void {
    const { atMs, path } = tick
    if (!this.broken) {
      if (this.buffer.mayTakeMore) {
        this.loader.tick(this.lane, atMs, path, this.buffer.keys(), (segment) => this.plays(segment), tick.atEdge)
      }
      this.buffer.evict([{ startMs: atMs - KEPT_MS, endMs: atMs + KEPT_MS }, ...path])
      this.steer(tick)
      this.buffer.followWithSound()
    }
    this.status = {
      ...this.status,
      state: this.stateAt(atMs, tick.serverNowMs),
      gap: gapAt(this.lane, atMs),
      codec: this.codecAt(atMs),
      sound: this.soundAt(atMs, tick.rate),
      deviceOffsetMs: this.loader.segments.groupAt(atMs)?.deviceOffsetMs ?? null,
      problem: this.loader.trouble?.problem ?? null,
    }
  }

  /** The picture that comes next, or the one before; or the moment whose group has to be fetched to tell. */
  beside(atMs: number, by: 1 | -1): Beside | null {
    const { segments } = this.loader
    const here = segments.groupAt(atMs)
    const picture = here === null ? null : nearest(this.buffer.picturesOf(here) ?? [], atMs, by)
    if (picture !== null) return { kind: 'picture', atMs: picture }
    const next = by > 0 ? this.footageBehind(here?.fillEndMs ?? atMs) : this.footageBefore(here?.startMs ?? atMs)
    if (next === null) return null
    const there = segments.groupBegun(next) ?? (by > 0 ? segments.groupBehind(next) : null) // sound may come before the first picture
    const pictures = there === null ? null : this.buffer.picturesOf(there)
    if (there === null || pictures === null) return { kind: 'missing', atMs: Math.max(next, there?.startMs ?? next) }
    const found = nearest(pictures, atMs, by)
    return found === null ? null : { kind: 'picture', atMs: found }
  }

  /** Where the group of this moment begins: its key picture. */
  groupStart(atMs: number): number | null {
    return this.loader.segments.groupAt(atMs)?.startMs ?? null
  }

  private footageBehind(atMs: number): number | null {
    return runAt(this.lane, atMs) === null ? (runAfter(this.lane, atMs)?.startMs ?? null) : atMs
  }

  private footageBefore(atMs: number): number | null {
    const run = runAt(this.lane, atMs - 1)
    const first = this.loader.segments.at(atMs - 1)?.groups[0]
    const nothing = first !== undefined && first.startMs >= atMs && run !== null && first.startMs - run.startMs < SOUND_FIRST_MS
    if (run !== null && !nothing) return atMs - 1
    const before = runBefore(this.lane, run?.startMs ?? atMs)
    return before === null ? null : before.endMs - 1
  }

  private learn(item: SegmentItem, segment: Segment): void {
    const video = trackOf(segment, 'video')?.id
    const gaps = item.gaps
      .filter(({ track }) => track === 0 || track === video)
      .map(({ cause, start_ms, end_ms }): Gap => ({ cause, startMs: start_ms, endMs: end_ms, ongoing: false, closedBy: [], whole: false }))
    for (const gap of gaps) this.lane = withGap(this.lane, gap)
    for (const span of without(segment, gaps)) this.lane = grown(this.lane, span, !segment.sealed)
  }

  private steer({ atMs, rate }: Tick): void {
    const { video } = this.elements
    if (!this.buffer.has(atMs)) {
      if (!video.paused) video.pause()
      return
    }
    const step = follow(video.currentTime, (atMs - this.base.startMs) / 1_000, Math.max(0, rate))
    if (step.rate === 0) {
      if (!video.paused) video.pause()
    } else {
      if (video.playbackRate !== step.rate) video.playbackRate = step.rate
      if (video.paused) this.play()
    }
    if (step.seekToS !== null && !video.seeking) video.currentTime = step.seekToS
  }

  private play(): void {
    this.elements.video.play().catch((error: unknown) => {
      if (!(error instanceof DOMException)) throw error // paused again before it began; muted video may always begin
    })
  }

  private stateAt(atMs: number, serverNowMs: number): LaneState {
    if (this.broken) return 'broken'
    const { trouble } = this.loader
    if (trouble?.kind === 'refused') return 'refused'
    if (this.buffer.has(atMs)) return this.onScreen() ? 'shown' : 'loading'
    if (trouble !== null) return 'away'
    const run = runAt(this.lane, atMs)
    const last = this.lane.runs[this.lane.runs.length - 1]
    if (last?.live && atMs >= last.endMs - EDGE_MS) return serverNowMs - last.endMs < DUE_MS ? 'loading' : 'edge'
    const segment = this.loader.segments.at(atMs)
    if (segment?.missing) return 'missing'
    if (segment !== null && !this.plays(segment)) return 'unsupported'
    return run === null || this.holdsNothing(atMs, segment) ? 'gap' : 'loading'
  }

  private onScreen(): boolean {
    return !this.elements.video.seeking && this.elements.video.readyState >= HTMLMediaElement.HAVE_CURRENT_DATA
  }

  /** All there is of this moment was brought, and there is no picture in it. */
  private holdsNothing(atMs: number, segment: Segment | null): boolean {
    if (segment === null) return this.loader.segments.holeAt(atMs)
    const group = this.loader.segments.groupAt(atMs)
    return group === null || this.buffer.isThrough(group)
  }

  private codecAt(atMs: number): string {
    const segment = this.loader.segments.at(atMs)
    return segment === null ? '' : (trackOf(segment, 'video')?.codec ?? '')
  }

  private soundAt(atMs: number, rate: number): LaneSound {
    const segment = this.loader.segments.at(atMs)
    const track = segment === null ? undefined : trackOf(segment, 'audio')
    if (track === undefined) return 'none'
    if (playable(track) === null || this.buffer.soundIsBroken) return 'unsupported'
    return this.soundOn ? 'on' : rate > SOUND_UP_TO ? 'fast' : 'off'
  }

  private plays(segment: Segment): boolean {
    const track = trackOf(segment, 'video')
    return track !== undefined && playable(track) !== null
  }

  private get broken(): boolean {
    return this.breaks.length > BREAKS_MAX
  }

  private broke(): void {
    const nowMs = performance.now()
    this.breaks = [...this.breaks.filter((atMs) => nowMs - atMs < BREAKS_PERIOD_MS), nowMs]
    this.loader.drop()
    this.status = { ...this.status, pictureMs: null }
  }

  private watchFrames(): void {
    const { video } = this.elements
    if (!('requestVideoFrameCallback' in video)) return
    this.frameRequest = video.requestVideoFrameCallback((_, { mediaTime }) => {
      this.status = { ...this.status, pictureMs: this.base.startMs + mediaTime * 1_000 }
      this.watchFrames()
    })
  }
}

const SAME_PICTURE_MS = 1.5 // what is nearer is the picture itself

function nearest(picturesMs: readonly number[], atMs: number, by: 1 | -1): number | null {
  let found: number | null = null
  for (const ms of picturesMs) {
    if ((ms - atMs) * by > SAME_PICTURE_MS && (found === null || (ms - found) * by < 0)) found = ms
  }
  return found
}
