/* The shapes of /api/v1 and /ws/events, by the names the pages use. */
import type { Role } from '@/session/roles'

export interface SessionInfo {
  name: string
  role: Role
  unit: string | null
  must_change_password: boolean
  actions: string[]
  idle_expires_at: string
  expires_at: string
  server_time: string
  version: string
}

export interface Page<T> {
  items: T[]
  next_cursor: string | null
  total: number
}

export type ChannelName = 'main' | 'sub'
export type ChannelWord = 'offline' | 'connecting' | 'live' | 'stalled' | 'codec_not_supported'

export interface TrackInfo {
  kind: 'video' | 'audio'
  codec: string
  codec_string?: string | null
  width?: number | null
  height?: number | null
  sample_rate?: number | null
}

/** One channel of a device, as the server last told it. */
export interface ChannelInfo {
  channel: ChannelName
  state: ChannelWord
  since: string | null
  reason: string | null
  tracks: TrackInfo[]
  bitrate_kbps: number | null
  fps: number | null
  delay_s: number | null
  viewers: number
  /** How far the device's own clock is from the server's; null until it has reported one. */
  clock_offset_s?: number | null
}

export interface LiveChannel extends ChannelInfo {
  device: string
}

export interface Refusal {
  reason: string
  at: string
  peer: string
  /** What the reason alone does not say, as the codec's name. */
  words: string
}

export interface Device {
  id: string
  name: string
  model: string
  checkpoint: string
  unit: string
  enabled: boolean
  created_at: string
  last_seen: string | null
  last_refusal: Refusal | null
  channels: ChannelInfo[]
}

export interface NewKey {
  id: string
  key: string
  rtsp_url: string
  whip_url: string
  qr_svg: string
}

export interface Unit {
  id: string
  name: string
  parent: string | null
}

export interface Checkpoint {
  id: string
  name: string
  unit: string
  latitude: number | null
  longitude: number | null
  address: string
}

export interface User {
  name: string
  role: Role
  unit: string | null
  enabled: boolean
  must_change_password: boolean
  created_at: string
  last_login: string | null
  sessions: number
}

export interface OneTimePassword {
  name: string
  role: Role
  password: string
}

export interface LoginSession {
  id: string
  name: string
  current: boolean
  created_at: string
  last_used: string
  expires_at: string
  peer: string
  user_agent: string
}

export interface AuditEntry {
  sequence: number
  at: string
  principal: string
  action: string
  subject: string
  detail: Record<string, unknown>
  /** SHA-256, named by the entry after it. */
  digest: string
}

export interface AuditProof {
  intact: boolean
  entries: number
  broken: { sequence: number; file: string; line: number; why: string } | null
  entries_without_row: number
}

export interface Overview {
  units: number
  checkpoints: number
  checkpoints_live: number
  devices: number
  devices_enabled: number
  devices_online: number
  devices_stalled: number
  devices_offline: number
  channels_live: number
  viewers: number
  bitrate_kbps: number
  server_time: string
}

export interface System {
  version: string
  node: string
  started_at: string
  uptime_s: number
  server_time: string
  ready: Record<string, boolean>
  disk: { path: string; total_bytes: number; used_bytes: number; free_bytes: number }
  ledger: { entries: number; entries_without_row: number; failures: number; last_failure: string | null }
  devices: number
  channels: number
  sessions: number
}

export interface Alarm {
  kind: string
  /** Empty when the server itself is concerned, as is `channel`. */
  device: string
  channel: ChannelName | ''
  at: string
  words: string
}
