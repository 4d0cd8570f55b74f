/**
 * Several lanes in step: one playhead of placed time, which every lane follows.
 *
 * Here: playing, seeking, stepping; waiting for what is due; passing over what no lane has; the live
 * edge. Not here: the view and its ledger (view.ts), what a lane does (lane.ts), the page.
 */

import type { Gap, Lane } from '../contract'
import {
  firstFootage,
  gapAt,
  goesOn,
  hasFootage,
  lastFootage,
  nextFootage,
  nextGap,
  pathAhead,
  pathBack,
  runBefore,
  type Span,
} from '../spans'
import { SOUND_UP_TO } from '../speeds'
import type { LanePlayer, Tick } from './lane'
import { Playhead } from './playhead'
import { SoughtPicture } from './sought_picture'
import type { Missed, PlayerStatus } from './status'

const TICK_MS = 50
const AHEAD_MS = 30_000
const SKIP_MIN_MS = 1_000 // a shorter gap is over before a jump would be
const NOTICE_MS = 6_000
const NOTICE_LEAST_MS = 200 // a few lost pictures are on the ribbon; a word for each would be noise
const BEHIND_EDGE_MS = 2_000 // footage is durable within a second, and asked for once a second
const RESUME_MS = 1_000 // so much has to be there before it goes on at the edge
const AT_EDGE_MS = 8_000
const SAFE_END_MS = 40 // the last picture of a run

export class PlaybackPlayer {
  private readonly playhead: Playhead
  private timer: number | null = null
  private missed: { readonly what: Missed; readonly untilMs: number } | null = null
  private lastGap: Gap | null = null
  private readonly sought: SoughtPicture
  private sounding: number | null = null

  constructor(
    readonly lanes: readonly LanePlayer[],
    private readonly bounds: Span,
    atMs: number | null,
    private readonly serverNowMs: () => number,
    private readonly onStatus: (status: PlayerStatus) => void,
    private readonly now: () => number = () => performance.now(),
  ) {
    const start = atMs ?? firstFootage(this.known()) ?? bounds.startMs
    this.playhead = new Playhead(this.within(start))
    this.sought = new SoughtPicture(lanes)
    if (atMs === null) this.sought.first()
  }

  start(): void {
    this.timer ??= window.setInterval(() => this.tick(), TICK_MS)
    this.tick()
  }

  stop(): void {
    if (this.timer !== null) window.clearInterval(this.timer)
    this.timer = null
    for (const lane of this.lanes) lane.close()
  }

  positionMs(): number {
    return this.playhead.at(this.now())
  }

  get rate(): number | null {
    return this.playhead.rate
  }

  play(rate: number): void {
    this.sought.forget()
    const nowMs = this.now()
    const at = this.playhead.at(nowMs)
    if (rate > 0 && !hasFootage(this.known(), at) && nextFootage(this.known(), at) === null && !this.atEdge(at)) return // nothing comes behind it
    this.playhead.play(rate, nowMs)
    this.tick()
  }

  pause(): void {
    const nowMs = this.now()
    const backwards = (this.playhead.rate ?? 0) < 0
    this.playhead.pause(nowMs)
    if (backwards) this.seek(this.keyPictureAt(this.playhead.at(nowMs)))
    this.tick()
  }

  seek(toMs: number): void {
    this.sought.forget()
    this.missed = null
    this.lastGap = null
    this.put(this.within(toMs))
    this.tick()
  }

  skip(byMs: number): void {
    this.seek(this.positionMs() + byMs)
  }

  /** To the next picture or the one before, over gaps. */
  step(by: 1 | -1): void {
    this.playhead.pause(this.now())
    this.sought.beside(by)
    this.tick()
  }

  toBegin(): void {
    const first = firstFootage(this.known())
    if (first === null) return
    this.seek(first)
    this.sought.first()
  }

  /** To the live edge and on with it, or to the last picture. */
  toEnd(): void {
    const last = lastFootage(this.known())
    if (last === null) return
    if (this.live()) {
      this.seek(last - BEHIND_EDGE_MS)
      this.play(1)
    } else {
      this.pause()
      this.seek(last - SAFE_END_MS)
    }
  }

  toNextGap(): Gap | null {
    const gap = nextGap(this.known(), this.positionMs())
    if (gap !== null) this.seek(gap.startMs)
    return gap
  }

  /** The lane that is heard, or none. */
  sound(lane: number | null): void {
    this.sounding = lane
  }

  lookForNews(): void {
    for (const lane of this.lanes) lane.lookForNews()
  }

  retry(): void {
    for (const lane of this.lanes) lane.retry()
    this.tick()
  }

  private tick(): void {
    const nowMs = this.now()
    const picture = this.sought.found(this.playhead.at(nowMs), this.playhead.rate !== null)
    if (picture !== null) this.put(picture)
    this.move(nowMs)
    const atMs = this.playhead.at(nowMs)
    const rate = this.playhead.rate
    const lanes = this.known()
    const backwards = rate !== null && rate < 0
    const moving = rate === null || this.playhead.held || backwards ? 0 : rate
    const tick: Tick = {
      atMs: backwards ? this.keyPictureAt(atMs) : atMs,
      rate: moving,
      path: backwards ? pathBack(atMs, -rate) : [...this.sought.path(atMs), ...pathAhead(lanes, atMs, AHEAD_MS)],
      atEdge: this.atEdge(atMs),
      serverNowMs: this.serverNowMs(),
    }
    this.lanes.forEach((lane, n) => {
      lane.wantSound(n === this.sounding && moving > 0 && moving <= SOUND_UP_TO)
      lane.tick(tick)
    })
    if (this.missed !== null && nowMs > this.missed.untilMs) this.missed = null
    this.onStatus({
      atMs,
      rate,
      held: this.playhead.held,
      atEdge: tick.atEdge,
      lanes: this.known(),
      missed: this.missed?.what ?? null,
    })
  }

  /** What the playhead does by itself: wait, pass over a gap, stop at an end. */
  private move(nowMs: number): void {
    const rate = this.playhead.rate
    if (rate === null) return
    const atMs = this.playhead.at(nowMs)
    if ((rate < 0 && atMs <= this.bounds.startMs) || atMs >= this.bounds.endMs) {
      this.playhead.pause(nowMs)
      this.put(this.within(atMs))
    } else if (rate < 0) {
      this.moveBack(atMs)
    } else if (hasFootage(this.known(), atMs)) {
      this.playOrWait(atMs, nowMs)
    } else if (this.live() && atMs >= (lastFootage(this.known()) ?? 0)) {
      if (rate > 1) this.playhead.play(1, nowMs)
      this.playhead.hold(true, nowMs)
    } else {
      this.passOver(atMs, nowMs)
    }
  }

  private playOrWait(atMs: number, nowMs: number): void {
    this.tellOfGap(atMs, nowMs)
    const last = lastFootage(this.known()) ?? 0
    const nearEdge = this.live() && last - atMs < AT_EDGE_MS
    if (nearEdge && (this.playhead.rate ?? 1) > 1 && last - atMs < BEHIND_EDGE_MS) this.playhead.play(1, nowMs)
    const ready = this.lanes.every((lane) => lane.ready(atMs, this.serverNowMs()))
    const enough = !this.playhead.held || !nearEdge || last - atMs > RESUME_MS
    this.playhead.hold(!(ready && enough), nowMs)
  }

  private passOver(atMs: number, nowMs: number): void {
    const lanes = this.known()
    const to = nextFootage(lanes, atMs)
    if (to === null) {
      this.playhead.pause(nowMs)
      return
    }
    const gap = lanes.map((lane) => gapAt(lane, atMs)).find((one) => one !== null) ?? null
    const fromMs = Math.max(gap?.startMs ?? atMs, ...lanes.map((lane) => runBefore(lane, atMs)?.endMs ?? 0))
    const skipped = to - atMs >= SKIP_MIN_MS
    if (skipped || gap?.startMs !== this.lastGap?.startMs) this.notice({ gap, fromMs: Math.min(fromMs, atMs), toMs: to, skipped }, nowMs)
    this.lastGap = gap
    if (skipped) this.put(to)
    this.playhead.hold(false, nowMs)
  }

  /** A short gap is over before anybody has read what its lane says; of a long one the lane speaks. */
  private tellOfGap(atMs: number, nowMs: number): void {
    const short = (gap: Gap | null): gap is Gap =>
      gap !== null && gap.endMs - gap.startMs < SKIP_MIN_MS && gap.endMs - gap.startMs >= NOTICE_LEAST_MS
    const gap = this.known().map((lane) => gapAt(lane, atMs)).find(short) ?? null
    if (gap === null || gap.startMs === this.lastGap?.startMs) return
    this.lastGap = gap
    this.notice({ gap, fromMs: gap.startMs, toMs: gap.endMs, skipped: false }, nowMs)
  }

  private notice(what: Missed, nowMs: number): void {
    this.missed = { what, untilMs: nowMs + NOTICE_MS }
  }

  private moveBack(atMs: number): void {
    if (hasFootage(this.known(), atMs)) return
    const before = Math.max(...this.known().map((lane) => runBefore(lane, atMs)?.endMs ?? -Infinity))
    if (before === -Infinity) this.playhead.pause(this.now())
    else if (atMs - before >= SKIP_MIN_MS) this.put(before - 1)
  }

  private keyPictureAt(atMs: number): number {
    return this.lanes.map((lane) => lane.groupStart(atMs)).find((start) => start !== null) ?? atMs
  }

  private put(toMs: number): void {
    this.playhead.seek(toMs, this.now())
    for (const lane of this.lanes) lane.sought(toMs)
  }

  /** Nothing is shown of a future: the newest picture is the last moment one can go to. */
  private within(ms: number): number {
    const last = lastFootage(this.known())
    const end = this.live() && last !== null ? Math.min(this.bounds.endMs, last) : this.bounds.endMs - 1
    return Math.max(this.bounds.startMs, Math.min(ms, end))
  }

  private live(): boolean {
    return goesOn(this.known())
  }

  private atEdge(atMs: number): boolean {
    return this.live() && (lastFootage(this.known()) ?? 0) - atMs < AT_EDGE_MS
  }

  private known(): readonly Lane[] {
    return this.lanes.map(({ lane }) => lane)
  }
}
