/* What the publish page says: values only, replaced as a whole when something changes. */
import type { LinkFigures } from './link_meter'

/**
 * connecting: the first connection comes about. reconnecting: there was one, and there will be again; pictures of
 * meanwhile are lost. refused: the server said no, and trying again would change nothing. ended: by the server.
 */
export type PublishState = 'idle' | 'connecting' | 'live' | 'reconnecting' | 'refused' | 'ended'

/**
 * unreachable: no answer by HTTP. busy: the server takes nobody now. no_path: it answered, and no media came through
 * (UDP is blocked). network: the path was lost.
 */
export type Trouble =
  | ''
  | 'unreachable'
  | 'busy'
  | 'no_path'
  | 'network'
  | 'server'
  | 'wrong_key'
  | 'disabled'
  | 'codec'
  | 'insecure'
  | 'taken_over'
  | 'refused'

export interface PublishStatus {
  readonly state: PublishState
  readonly trouble: Trouble
  /** The server's own words, where ours do not say it all. */
  readonly words: string
  /** Since when pictures arrive without a break, milliseconds of UTC; null where they do not. */
  readonly sinceMs: number | null
  readonly link: LinkFigures | null
  /** A supervisor speaks. */
  readonly voice: boolean
}

export const IDLE: PublishStatus = { state: 'idle', trouble: '', words: '', sinceMs: null, link: null, voice: false }
