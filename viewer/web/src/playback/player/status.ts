/** What a lane and the player say of themselves: values only, replaced as a whole. */

import type { Gap, Lane } from '../contract'

/**
 * shown: the picture of the moment is on the screen. loading: it is on its way. gap: there is none, and
 * `gap` says why where the server knows. edge: the device is on line, and its next picture is due.
 * missing: the file is gone. unsupported: this browser cannot play `codec`. broken: the decoder gave up
 * again and again. refused: this person may not see it any more. away: the server does not answer.
 */
export type LaneState = 'shown' | 'loading' | 'gap' | 'edge' | 'missing' | 'unsupported' | 'broken' | 'refused' | 'away'

/** none: there is no sound in this footage. fast: too quick to be understood. */
export type LaneSound = 'none' | 'off' | 'on' | 'unsupported' | 'fast'

export interface LaneStatus {
  readonly state: LaneState
  readonly gap: Gap | null
  readonly codec: string
  readonly sound: LaneSound
  /** Placed time of the picture on the screen. */
  readonly pictureMs: number | null
  /** How far the device's own clock is ahead of placed time, where it says. */
  readonly deviceOffsetMs: number | null
  /** What the server said, of a state that it caused. */
  readonly problem: unknown
}

export const NOTHING_SHOWN: LaneStatus = {
  state: 'loading',
  gap: null,
  codec: '',
  sound: 'none',
  pictureMs: null,
  deviceOffsetMs: null,
  problem: null,
}

/** What was missing just now, told for a moment. */
export interface Missed {
  readonly gap: Gap | null
  readonly fromMs: number
  readonly toMs: number
  /** It was jumped over; else it was too short for that. */
  readonly skipped: boolean
}

export interface PlayerStatus {
  readonly atMs: number
  /** Null: paused. Backwards it is negative. */
  readonly rate: number | null
  /** It plays, and what comes next is not there yet. */
  readonly held: boolean
  /** At the newest footage there is, and going on with it. */
  readonly atEdge: boolean
  readonly lanes: readonly Lane[]
  readonly missed: Missed | null
}
