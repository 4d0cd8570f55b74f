/* What the server says of footage, and the same in milliseconds of UTC, which is what the page counts in. All of it is
   placed time. Pure.

   Not here: asking for it (server.ts). */

import type { components } from '@/api/schema'

type Schemas = components['schemas']

export type ChannelName = Schemas['NewPlayback']['channel'] & string
export type RunItem = Schemas['RunItem']
export type GapItem = Schemas['LaneGapItem']
export type ClosingItem = Schemas['ClosingItem']
export type KeptItem = Schemas['LaneKeptItem']
export type LaneItem = Schemas['LaneItem']
export type ViewItem = Schemas['Playback']
export type AtItem = Schemas['Place']
export type TrackItem = Schemas['TrackItem']
export type GroupItem = Schemas['GroupItem']
export type SegmentItem = Schemas['PlaybackSegment']

/** Footage without a gap in between. */
export interface Run {
  readonly startMs: number
  readonly endMs: number
  /** More is coming. */
  readonly live: boolean
}

/** What is there by a file that the device recorded itself and sent later. */
export interface Original {
  readonly startMs: number
  readonly endMs: number
  /** ISO 8601. */
  readonly receivedAt: string
}

export interface Gap {
  readonly cause: string
  readonly startMs: number
  readonly endMs: number
  readonly ongoing: boolean
  /** The gap of the live copy stays; this of it is there by originals. */
  readonly closedBy: readonly Original[]
  /** From end to end. */
  readonly whole: boolean
}

/** A clip or a hold that stands: no automatic path deletes what it points at. */
export interface KeptSpan {
  readonly id: string
  readonly kind: KeptItem['kind']
  readonly startMs: number
  readonly endMs: number
  /** Empty where it is tagged to no case, or to no stage. */
  readonly caseId: string
  readonly stage: string
  readonly note: string
}

/** Of one device, all in order of time. */
export interface Lane {
  readonly device: string
  readonly name: string
  readonly checkpoint: string
  readonly runs: readonly Run[]
  readonly gaps: readonly Gap[]
  readonly kept: readonly KeptSpan[]
  readonly originals: readonly Original[]
  /** There was more than could be sent: what is tiny was joined. */
  readonly thinned: boolean
}

export function laneFrom(item: LaneItem): Lane {
  const runs = item.runs.map(({ start, end, live }) => ({ startMs: Date.parse(start), endMs: Date.parse(end), live }))
  const gaps = item.gaps.map(gapFrom)
  return {
    device: item.device,
    name: item.device_name,
    checkpoint: item.checkpoint,
    runs: runs.sort((a, b) => a.startMs - b.startMs),
    gaps: gaps.sort((a, b) => a.startMs - b.startMs),
    kept: item.kept.map(keptFrom),
    originals: item.originals.map(originalFrom),
    thinned: item.thinned,
  }
}

export function gapFrom({ cause, start, end, ongoing, closed_by, whole }: GapItem): Gap {
  return { cause, startMs: Date.parse(start), endMs: Date.parse(end), ongoing, closedBy: closed_by.map(originalFrom), whole }
}

function originalFrom({ start, end, received_at }: ClosingItem): Original {
  return { startMs: Date.parse(start), endMs: Date.parse(end), receivedAt: received_at }
}

export function keptFrom(item: KeptItem): KeptSpan {
  const { id, kind, stage, note } = item
  return { id, kind, startMs: Date.parse(item.start), endMs: Date.parse(item.end), caseId: item.case, stage, note }
}
