/* What must be true before a device is handed out, judged from what the server pushes. Pure. */
import type { ChannelInfo, Checkpoint, Refusal } from '@/api/types'

export type CheckName = 'connected' | 'picture' | 'sound' | 'clock' | 'position'
export type CheckState = 'waiting' | 'good' | 'warn' | 'bad'

export interface Check {
  name: CheckName
  state: CheckState
  /** Key under `register.say`, or empty when `text` says it all. */
  say: string
  text?: string
  /** Why the channel's codec is not taken. */
  reason?: string
  refusal?: Refusal
}

export interface Evidence {
  channel: ChannelInfo | undefined
  /** A refusal since registration, if any. */
  refusal: Refusal | null
  checkpoint: Checkpoint | undefined
  /** Whether it was connected at any time since registration. */
  seen: boolean
}

const CLOCK_GOOD_S = 1 // closer than anybody reads a clock; the device standard allows ±3 s a day

export function checks(evidence: Evidence): Check[] {
  return [connected(evidence), picture(evidence), sound(evidence), clock(evidence), position(evidence)]
}

/** Nothing waits and nothing failed: warnings are for the admin to weigh. */
export const allGood = (list: readonly Check[]): boolean =>
  list.every((check) => check.state === 'good' || (check.state === 'warn' && check.name !== 'connected' && check.name !== 'picture'))

function connected({ channel, refusal, seen }: Evidence): Check {
  const name = 'connected'
  switch (channel?.state) {
    case 'live':
      return { name, state: 'good', say: 'connectedAt' }
    case 'connecting':
      return { name, state: 'waiting', say: 'connecting' }
    case 'stalled':
      return { name, state: 'warn', say: 'stalled' }
    case 'codec_not_supported':
      return { name, state: 'bad', say: 'codec', reason: channel.reason ?? '' }
    default:
      if (refusal !== null) return { name, state: 'bad', say: 'refused', refusal }
      return { name, state: 'waiting', say: seen ? 'dropped' : 'waiting' }
  }
}

const isUp = (channel: ChannelInfo | undefined): channel is ChannelInfo =>
  channel !== undefined && (channel.state === 'live' || channel.state === 'stalled')

function picture({ channel }: Evidence): Check {
  const name = 'picture'
  if (!isUp(channel)) return { name, state: 'waiting', say: 'pictureWaiting' }
  const track = channel.tracks.find((candidate) => candidate.kind === 'video')
  if (track === undefined) return { name, state: 'bad', say: 'pictureNone' }
  return { name, state: channel.state === 'live' ? 'good' : 'warn', say: '' }
}

function sound({ channel }: Evidence): Check {
  const name = 'sound'
  if (!isUp(channel)) return { name, state: 'waiting', say: 'pictureWaiting' }
  const track = channel.tracks.find((candidate) => candidate.kind === 'audio')
  if (track === undefined) return { name, state: 'warn', say: 'soundNone' }
  return { name, state: 'good', say: '', text: track.codec }
}

function clock({ channel }: Evidence): Check {
  const name = 'clock'
  if (!isUp(channel)) return { name, state: 'waiting', say: 'clockWaiting' }
  const offset = channel.clock_offset_s
  if (offset === undefined) return { name, state: 'good', say: 'clockServer' } // this server does not compare
  if (offset === null) return { name, state: 'warn', say: 'clockUnknown' }
  const text = offset.toFixed(1)
  return Math.abs(offset) <= CLOCK_GOOD_S
    ? { name, state: 'good', say: 'clockGood', text }
    : { name, state: 'warn', say: 'clockOff', text }
}

function position({ checkpoint }: Evidence): Check {
  const placed = checkpoint !== undefined && checkpoint.latitude !== null && checkpoint.longitude !== null
  return placed
    ? { name: 'position', state: 'good', say: 'positionGood' }
    : { name: 'position', state: 'warn', say: 'positionNone' }
}
