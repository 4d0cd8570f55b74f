/**
 * The buffered footage of one lane: groups are put in at their placed time and taken out again, picture and sound.
 *
 * Media times of the element are placed time less `baseMs`, whatever stream a group is of. The bytes of
 * sound are kept beside the picture's buffer, so that sound can be turned on for what is there already.
 * Not here: what to ask for (segments.ts), where the playhead is (lane.ts).
 */

import { Mp4Error } from '@/live/player/boxes'
import { type PlayableType, playableType, renameEntry } from '@/live/player/init'
import { Sound } from '@/live/player/sound'
import type { TrackItem } from '../contract'
import type { Span } from '../spans'
import { GroupCutter } from './cutter'
import type { GroupTaker } from './lane_loader'
import { type KeptGroup, LaneSource, toTakeOut } from './lane_source'
import type { Group, Segment } from './segments'

const APPENDS_MAX = 8 // waiting for the browser: more bytes are asked for when they are worked off

export interface LaneElements {
  readonly video: HTMLVideoElement
  readonly audio: HTMLAudioElement
}

export interface BufferEvents {
  /** The decoder gave up; the buffer is empty now. */
  onBroken(): void
  /** The bytes of this segment are not what was promised. */
  onUnreadable(segment: Segment): void
  /** The browser does not let sound begin without a click. */
  onSoundRefused(): void
}

export class LaneBuffer {
  private source: LaneSource | null = null
  private readonly sound: Sound
  private have = new Map<string, KeptGroup>()
  private segments = new Map<string, Segment>()
  private initNow = ''
  private soundInit = ''
  private soundWanted = false

  constructor(
    private readonly elements: LaneElements,
    private readonly baseMs: number,
    private readonly lengthMs: number,
    private readonly events: BufferEvents,
  ) {
    this.sound = new Sound(elements.audio, elements.video, () => events.onSoundRefused())
  }

  /** Whether the picture of this moment is there. */
  has(atMs: number): boolean {
    return this.source?.has(atMs) ?? false
  }

  get mayTakeMore(): boolean {
    return (this.source?.pending ?? 0) < APPENDS_MAX
  }

  /** All of this group was given, and the browser is done with it. */
  isThrough(group: Group): boolean {
    return (this.have.get(group.key)?.whole ?? false) && !(this.source?.busy ?? false)
  }

  keys(): ReadonlySet<string> {
    return new Set(this.have.keys())
  }

  get soundIsBroken(): boolean {
    return this.sound.broken
  }

  taker(segment: Segment, group: Group): GroupTaker {
    const cutter = new GroupCutter(segment.tracks, group.fillEndMs - group.startMs)
    const kept: KeptGroup = { group, picturesMs: [], sound: [], offsetS: Number.NaN, whole: false }
    const guarded = (act: () => void): void => {
      try {
        act()
      } catch (error) {
        if (!(error instanceof Mp4Error)) throw error
        this.events.onUnreadable(segment)
      }
    }
    const put = (cut: ReturnType<GroupCutter['feed']>): void => {
      if (Number.isNaN(kept.offsetS) && cutter.firstPtsS !== null) {
        kept.offsetS = (group.startMs - this.baseMs) / 1_000 - cutter.firstPtsS
        this.open(segment, kept.offsetS)
        this.have.set(group.key, kept)
      }
      for (const bytes of cut.pictures) this.source?.append(bytes)
      for (const ms of cut.shownAtMs) kept.picturesMs.push(group.startMs + ms)
      kept.sound.push(...cut.sound)
    }
    return {
      feed: (bytes) => guarded(() => put(cutter.feed(bytes))),
      finish: () =>
        guarded(() => {
          put(cutter.finish())
          kept.whole = true
          this.replace(group)
          this.have.set(group.key, kept) // also when there was no picture in it: it is not asked for again
          if (this.soundWanted) this.giveSound(kept)
        }),
      drop: () => this.have.delete(group.key), // when it comes again MSE puts the same pictures over those of this half
    }
  }

  evict(keep: readonly Span[]): void {
    for (const neighbours of toTakeOut(this.have.values(), keep)) {
      const first = neighbours[0] as KeptGroup
      const last = neighbours[neighbours.length - 1] as KeptGroup
      this.source?.take({ startMs: first.group.startMs, endMs: last.group.fillEndMs })
      for (const { group } of neighbours) this.have.delete(group.key)
    }
  }

  /** Moments of the pictures of this group that were given so far; null where it is not there. */
  picturesOf(group: Group): readonly number[] | null {
    return this.have.get(group.key)?.picturesMs ?? null
  }

  wantSound(wanted: boolean): void {
    if (wanted === this.soundWanted) return
    this.soundWanted = wanted
    this.sound.want(wanted)
    this.soundInit = ''
    if (!wanted) return
    const inOrder = [...this.have.values()].sort((a, b) => a.group.startMs - b.group.startMs)
    for (const one of inOrder) this.giveSound(one)
  }

  followWithSound(): void {
    this.sound.follow(performance.now())
  }

  close(): void {
    this.source?.close()
    this.source = null
    this.sound.close()
    this.have.clear()
    this.segments.clear()
    this.initNow = this.soundInit = ''
  }

  /** From here on the source takes fragments of this segment's track, so many seconds off. */
  private open(segment: Segment, offsetS: number): void {
    this.segments.set(segment.id, segment)
    const track = trackOf(segment, 'video')
    const type = track === undefined ? null : playable(track)
    if (track === undefined || type === null) return
    if (this.source !== null && this.initNow === track.init) {
      this.source.shift(offsetS)
      return
    }
    const init = type.rename ? renameEntry(bytesOf(track.init)) : bytesOf(track.init)
    if (this.source === null) {
      this.source = new LaneSource(
        this.elements.video,
        type.mime,
        init,
        this.baseMs,
        this.lengthMs,
        () => {
          this.close()
          this.events.onBroken()
        },
        (beforeMs) => this.forget(beforeMs),
      )
      this.source.shift(offsetS)
    } else {
      this.source.restart(type.mime, init, offsetS)
    }
    this.initNow = track.init
  }

  private giveSound({ group, sound, offsetS }: KeptGroup): void {
    const segment = this.segments.get(group.segment)
    const track = segment === undefined ? undefined : trackOf(segment, 'audio')
    const type = track === undefined ? null : playable(track)
    if (track === undefined || type === null || sound.length === 0 || Number.isNaN(offsetS)) return
    if (track.init !== this.soundInit) this.sound.describe({ mime: type.mime, init: bytesOf(track.init) })
    this.soundInit = track.init
    this.sound.place(offsetS)
    for (const bytes of sound) this.sound.append(bytes)
  }

  /** The last group of an open segment comes again when it has grown: what was known of it before is part of it. */
  private replace({ key, segment, offset }: Group): void {
    for (const [other, { group }] of this.have) {
      if (other !== key && group.segment === segment && group.offset === offset) this.have.delete(other)
    }
  }

  private forget(beforeMs: number): void {
    for (const [key, { group }] of this.have) if (group.startMs < beforeMs) this.have.delete(key)
  }
}

export function trackOf(segment: Segment, kind: 'video' | 'audio'): TrackItem | undefined {
  return segment.tracks.find((track) => track.kind === kind)
}

export function playable(track: TrackItem): PlayableType | null {
  return playableType(track.mime, (mime) => 'MediaSource' in window && MediaSource.isTypeSupported(mime))
}

function bytesOf(base64: string): Uint8Array<ArrayBuffer> {
  const text = atob(base64)
  const bytes = new Uint8Array(text.length)
  for (let n = 0; n < text.length; n += 1) bytes[n] = text.charCodeAt(n)
  return bytes
}
