/* What the server says of footage, and the same in milliseconds of UTC, which is what the page counts in. All of it is
   placed time. Pure.

   Not here: asking for it (server.ts). */

export type ChannelName = 'main' | 'sub'

export interface RunItem {
  stream: string
  start: string
  end: string
  live: boolean
}

export interface GapItem {
  cause: string
  start: string
  end: string
  ongoing: boolean
}

export interface LaneItem {
  device: string
  device_name: string
  checkpoint: string
  channel: string
  runs: RunItem[]
  gaps: GapItem[]
  thinned?: boolean
}

export interface ViewItem {
  id: string
  lanes: LaneItem[]
}

export interface AtItem {
  segment: string | null
  next: { segment: string; start: string } | null
  gap: GapItem | null
}

export interface TrackItem {
  id: number
  kind: 'video' | 'audio'
  mime: string | null
  codec: string
  width: number | null
  height: number | null
  timescale: number
  /** ftyp and moov of this track alone, in base64. */
  init: string
}

export interface GroupItem {
  first_sequence: number
  start_ms: number
  end_ms: number
  offset: number
  length: number
  pictures: number
  key: boolean
  device_offset_ms: number | null
}

export interface SegmentItem {
  segment: string
  stream: string
  device: string
  channel: string
  start: string
  end: string
  sealed: boolean
  missing: boolean
  next: string | null
  size_bytes: number
  digest: string | null
  tracks: TrackItem[]
  groups: GroupItem[]
  gaps: { cause: string; start_ms: number; end_ms: number; track: number }[]
}

/** Footage without a gap in between. */
export interface Run {
  readonly startMs: number
  readonly endMs: number
  /** More is coming. */
  readonly live: boolean
}

export interface Gap {
  readonly cause: string
  readonly startMs: number
  readonly endMs: number
  readonly ongoing: boolean
}

/** Of one device, both in order of time. */
export interface Lane {
  readonly device: string
  readonly name: string
  readonly checkpoint: string
  readonly runs: readonly Run[]
  readonly gaps: readonly Gap[]
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
    thinned: item.thinned === true,
  }
}

export function gapFrom({ cause, start, end, ongoing }: GapItem): Gap {
  return { cause, startMs: Date.parse(start), endMs: Date.parse(end), ongoing }
}
