/**
 * The text messages of the live WebSocket, and nothing about what to do with them.
 *
 * A message this version does not know is null, not an error: the server may be newer.
 */

export interface TrackAnnouncement {
  readonly id: number
  readonly kind: 'video' | 'audio'
  /** RFC 6381 type for MediaSource; null when no browser plays the codec that way. */
  readonly mime: string | null
  /** Codec of the device as the server names it, for words on the tile; what is sent may be made of it. */
  readonly codec: string
  readonly width: number
  readonly height: number
}

export type ClosingReason = 'revoked' | 'expired' | 'device_removed' | 'server_stopping'

export type LiveMessage =
  | {
      readonly type: 'init'
      /** Id of the publication: media times of one stream are one timeline, over reconnects too. */
      readonly stream: string
      readonly tracks: readonly TrackAnnouncement[]
    }
  | { readonly type: 'gap'; readonly cause: string; readonly from: string; readonly to: string }
  | { readonly type: 'lag'; readonly missedUnits: number }
  | { readonly type: 'online' }
  | { readonly type: 'stalled'; readonly since: string | null }
  | {
      readonly type: 'offline'
      /** The device sends, but nothing that we take. */
      readonly codecNotSupported: boolean
      readonly since: string | null
      readonly lastSeen: string | null
      readonly reason: string
    }
  | { readonly type: 'delay'; readonly seconds: number }
  /** Sound that was made for browsers is not made any more, until the next init says otherwise. */
  | { readonly type: 'sound_given_up' }
  | { readonly type: 'closing'; readonly reason: ClosingReason }

type Fields = Readonly<Record<string, unknown>>

export function parseMessage(text: string): LiveMessage | null {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return null
  }
  if (!isFields(value)) return null
  switch (value['type']) {
    case 'init':
      return { type: 'init', stream: textOf(value['stream']), tracks: tracksOf(value['tracks']) }
    case 'gap':
      return { type: 'gap', cause: textOf(value['cause']), from: textOf(value['from']), to: textOf(value['to']) }
    case 'lag':
      return { type: 'lag', missedUnits: numberOf(value['missed_units']) }
    case 'online':
      return { type: 'online' }
    case 'stalled':
      return { type: 'stalled', since: textOrNull(value['since']) }
    case 'offline':
      return {
        type: 'offline',
        codecNotSupported: value['state'] === 'codec_not_supported',
        since: textOrNull(value['since']),
        lastSeen: textOrNull(value['last_seen']),
        reason: textOf(value['reason']),
      }
    case 'delay':
      return { type: 'delay', seconds: numberOf(value['seconds']) }
    case 'sound':
      return value['state'] === 'given_up' ? { type: 'sound_given_up' } : null
    case 'closing':
      return { type: 'closing', reason: closingReason(value['reason']) }
    default:
      return null
  }
}

function tracksOf(value: unknown): TrackAnnouncement[] {
  if (!Array.isArray(value)) return []
  const tracks: TrackAnnouncement[] = []
  for (const item of value as unknown[]) {
    if (!isFields(item)) continue
    const kind = item['kind']
    const id = item['id']
    if ((kind !== 'video' && kind !== 'audio') || typeof id !== 'number') continue
    const mime = textOrNull(item['mime'])
    tracks.push({
      id,
      kind,
      mime,
      codec: textOf(item['replaces']) || textOf(item['codec']) || codecOfMime(mime),
      width: numberOf(item['width']),
      height: numberOf(item['height']),
    })
  }
  return tracks
}

function codecOfMime(mime: string | null): string {
  return /codecs="?([^".,;]+)/.exec(mime ?? '')?.[1] ?? ''
}

/** An unknown reason ends the connection like a revoked right: trying again would be no answer to it. */
function closingReason(value: unknown): ClosingReason {
  return value === 'expired' || value === 'device_removed' || value === 'server_stopping' ? value : 'revoked'
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : ''
}

function textOrNull(value: unknown): string | null {
  return typeof value === 'string' && value !== '' ? value : null
}

function numberOf(value: unknown): number {
  return typeof value === 'number' && Number.isFinite(value) ? value : 0
}
