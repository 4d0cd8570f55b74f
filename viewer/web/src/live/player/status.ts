/** What a tile says about its channel: values only, replaced as a whole when something changes. */

import type { TalkStatus } from '../talk/status'
import type { WhyNot } from '../whep/memory'
import type { LinkState, Shown } from '../whep/messages'
import type { EndReason } from './connection'

/**
 * connecting: no answer yet, or the server is away and we keep trying. waiting: connected, and the
 * device is said to be on line, but no picture came yet. stalled: pictures were coming and stopped.
 * unsupported: this browser, or the server, cannot take the codec. broken: the browser's decoder
 * gave up again and again.
 */
export type PictureState =
  | 'connecting'
  | 'waiting'
  | 'live'
  | 'stalled'
  | 'offline'
  | 'unsupported'
  | 'broken'
  | 'closed'

/** none: the device sends no sound. unsupported: it sends some that this browser cannot play. */
export type SoundState = 'none' | 'off' | 'on' | 'unsupported'

export type Transport = 'websocket' | 'webrtc'

export interface LiveStatus {
  readonly state: PictureState
  readonly transport: Transport
  /** Why not by WebRTC, where that was wanted. */
  readonly whyNotWebRtc: { readonly why: WhyNot; readonly detail: string } | null
  /** Id of the publication; empty before it is known. */
  readonly stream: string
  /** When the device went off line or fell silent, ISO 8601. */
  readonly since: string | null
  readonly reason: string
  readonly closing: EndReason | null
  readonly sound: SoundState
  readonly videoCodec: string
  readonly audioCodec: string
  readonly width: number
  readonly height: number
  /** Server to screen, in milliseconds; null before it can be told. */
  readonly latencyMs: number | null
  /** Device to server, as the server says. */
  readonly delayS: number
  readonly bitrateKbps: number
  readonly fps: number
  /** Placed time of the picture on the screen, in milliseconds of UTC; null without a picture. */
  readonly pictureMs: number | null
  /** Units the server left out because this viewer was too slow. */
  readonly missedUnits: number
  /** Those of the last time, while it is news. */
  readonly missedLately: number
  readonly droppedPictures: number
  /** Share of packets that never came, 0 to 1; null where the transport loses none (WebSocket). */
  readonly loss: number | null
  readonly jitterMs: number | null
  /** Between this browser and the server. */
  readonly roundTripMs: number | null
  /** This viewer's link, while it does not carry all of it, as the server sees it. */
  readonly link: { readonly state: LinkState; readonly shown: Shown } | null
  /** Talking to the officer; null where there is no way for a word. */
  readonly talk: TalkStatus | null
}

export const NOTHING_YET: LiveStatus = {
  state: 'connecting',
  transport: 'websocket',
  whyNotWebRtc: null,
  stream: '',
  since: null,
  reason: '',
  closing: null,
  sound: 'none',
  videoCodec: '',
  audioCodec: '',
  width: 0,
  height: 0,
  latencyMs: null,
  delayS: 0,
  bitrateKbps: 0,
  fps: 0,
  pictureMs: null,
  missedUnits: 0,
  missedLately: 0,
  droppedPictures: 0,
  loss: null,
  jitterMs: null,
  roundTripMs: null,
  link: null,
  talk: null,
}

