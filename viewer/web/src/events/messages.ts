/* What /ws/events says. The first message of a connection is always a snapshot; the rest are changes to it. */
import type { Alarm, ChannelName, LiveChannel } from '@/api/types'

export interface ChannelStatistics {
  device: string
  channel: ChannelName
  bitrate_kbps: number | null
  fps: number | null
  delay_s: number | null
  viewers: number
  clock_offset_s?: number | null
}

export interface RegistryChange {
  kind: 'device' | 'checkpoint' | 'unit' | 'case'
  id: string
  change: string
  /** Of a case: the version that the change made. */
  version?: number
}

export type ServerMessage =
  | { type: 'snapshot'; channels: LiveChannel[]; alarms: Alarm[] }
  | ({ type: 'channel' } & LiveChannel)
  | ({ type: 'alarm' } & Alarm)
  | ({ type: 'registry' } & RegistryChange)
  | { type: 'statistics'; channels: ChannelStatistics[] }
  | { type: 'closing'; reason: string }

/** The message, or null for what is no JSON or of a kind this version does not know: newer servers may say more. */
export function parseMessage(text: string): ServerMessage | null {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return null
  }
  if (typeof value !== 'object' || value === null || !('type' in value)) return null
  const known = ['snapshot', 'channel', 'alarm', 'registry', 'statistics', 'closing']
  return known.includes(String(value.type)) ? (value as ServerMessage) : null
}
