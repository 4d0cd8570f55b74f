/**
 * The text messages beside a WHEP session (`/ws/whep/…`): those of the live WebSocket, and what WebRTC alone has to say.
 *
 * A message this version does not know is null, not an error: the server may be newer.
 */

import { type ClosingReason, type LiveMessage, parseMessage } from '../player/messages'
import { type TalkMessage, talkMessageOf } from '../talk/messages'

/** good: all is shown. poor: the viewer's link does not carry it. recovered: all is shown again, on trial. */
export type LinkState = 'good' | 'poor' | 'recovered'

/** What is sent of the channel meanwhile. */
export type Shown = 'full' | 'key_pictures' | 'sub'

export interface ViewTrack {
  readonly kind: 'video' | 'audio'
  readonly codec: string
  readonly width: number
  readonly height: number
}

export interface ViewMessage {
  readonly type: 'view'
  readonly stream: string
  readonly tracks: readonly ViewTrack[]
  /** Why a track of the device is not among them, by its kind; and why one could not talk to it. */
  readonly whyNot: Readonly<Partial<Record<'video' | 'audio' | 'talk', string>>>
  /** The supervisor may speak to whoever is there. */
  readonly talk: boolean
}

export interface LinkMessage {
  readonly type: 'link'
  readonly state: LinkState
  readonly shown: Shown
  readonly missedUnits: number
}

export type WhepMessage =
  | ViewMessage
  | LinkMessage
  | TalkMessage
  | { readonly type: 'closing'; readonly reason: ClosingReason | 'codec_changed' }
  | Exclude<LiveMessage, { type: 'init' | 'lag' | 'closing' }>

type Fields = Readonly<Record<string, unknown>>

export function parseWhepMessage(text: string): WhepMessage | null {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return null
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return null
  const fields = value as Fields
  switch (fields['type']) {
    case 'view':
      return {
        type: 'view',
        stream: textOf(fields['stream']),
        tracks: tracksOf(fields['tracks']),
        whyNot: whyNotOf(fields['why_not']),
        talk: fields['talk'] === true,
      }
    case 'link':
      return {
        type: 'link',
        state: oneOf(['good', 'poor', 'recovered'], fields['state'], 'good'),
        shown: oneOf(['full', 'key_pictures', 'sub'], fields['shown'], 'full'),
        missedUnits: numberOf(fields['units_missed']),
      }
    case 'talk':
      return talkMessageOf(fields)
    case 'closing':
      if (fields['reason'] === 'codec_changed') return { type: 'closing', reason: 'codec_changed' }
  }
  const message = parseMessage(text)
  return message === null || message.type === 'init' || message.type === 'lag' ? null : message
}

function tracksOf(value: unknown): ViewTrack[] {
  if (!Array.isArray(value)) return []
  return (value as unknown[]).flatMap((item) => {
    if (typeof item !== 'object' || item === null) return []
    const { kind, codec, width, height } = item as Fields
    if (kind !== 'video' && kind !== 'audio') return []
    return [{ kind, codec: textOf(codec), width: numberOf(width), height: numberOf(height) }]
  })
}

function whyNotOf(value: unknown): ViewMessage['whyNot'] {
  if (typeof value !== 'object' || value === null) return {}
  const said = Object.entries(value).filter(([kind, why]) => ['video', 'audio', 'talk'].includes(kind) && typeof why === 'string')
  return Object.fromEntries(said) as ViewMessage['whyNot']
}

function oneOf<T extends string>(known: readonly T[], value: unknown, otherwise: T): T {
  return known.find((one) => one === value) ?? otherwise
}

const textOf = (value: unknown): string => (typeof value === 'string' ? value : '')

const numberOf = (value: unknown): number => (typeof value === 'number' && Number.isFinite(value) ? value : 0)
