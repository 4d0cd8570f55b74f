/* The shapes of /api/v1 and /ws/events by the names the pages use. They come from the server's own description
   (openapi.json); narrowed here only where it says less than the contract does. */
import type { components } from '@/api/schema'

type Schemas = components['schemas']

export type Action = Schemas['Action']
export type SessionInfo = Schemas['SessionInfo']
export type LoginSession = Schemas['SessionItem']
export type User = Schemas['User']
export type OneTimePassword = Schemas['OneTimePassword']
export type Unit = Pick<Schemas['UnitItem'], 'id' | 'name' | 'parent'>
export type Checkpoint = Omit<Schemas['CheckpointItem'], 'created_at' | 'version'>
export type Refusal = Schemas['Refusal']
export type Source = Schemas['SourceItem']
export type SourceTransport = Schemas['SourceTransport']
export type NewStreamPassword = Schemas['NewStreamPassword']
export type StreamPassword = Schemas['StreamPasswordItem']
export type ShownStreamPassword = Schemas['StreamPasswordShown']
export type NewKey = Schemas['Enrolment']
export type AuditEntry = Schemas['AuditEntry']
export type AuditProof = Schemas['AuditProof']
export type Case = Schemas['CaseItem']
export type Officer = Schemas['AssignmentItem']
export type CaseFootage = Schemas['CaseFootage']
export type CaseEvent = Schemas['CaseEvent']
export type CaseStage = Schemas['StageItem']
export type Stage = Schemas['Stage']
export type ImportPreview = Schemas['ImportPreview']
export type RowFault = Schemas['RowFaultItem']
export type Export = Schemas['ExportItem']
export type ExportEstimate = Schemas['EstimateItem']
export type Overview = Schemas['Overview']
export type Scrub = Schemas['Scrub']
export type System = Schemas['System']
export type ArchiveHealth = Schemas['ArchiveHealth']
export type DeletionCertificate = Schemas['Certificate']
export type PlannedChannel = Schemas['PlannedChannel']
export type PlannedDay = Schemas['PlannedDay']
export type RetentionAnswer = Schemas['Retention']
export type RetentionEffect = Schemas['Effect']
export type RetentionPlan = Schemas['Plan']
export type RetentionPolicy = Schemas['PolicyItem']
export type PolicyChange = Schemas['PolicyChange']

/** One page of a list. */
export interface Page<Item> {
  items: Item[]
  next_cursor: string | null
  total: number
}

export type ChannelName = 'main' | 'sub'
export type ChannelWord = 'offline' | 'connecting' | 'live' | 'stalled' | 'codec_not_supported'
export type TrackInfo = Omit<Schemas['TrackState'], 'kind'> & { kind: 'video' | 'audio' }

/** One channel of a device, as the server last told it. */
export type ChannelInfo = {
  channel: ChannelName
  state: ChannelWord
  since: string | null
  reason: string | null
  tracks: TrackInfo[]
  bitrate_kbps: number | null
  fps: number | null
  delay_s: number | null
  viewers: number
  /** How far the device's own clock is from the server's, where the server tells. */
  clock_offset_s?: number | null
}

export type LiveChannel = ChannelInfo & { device: string }
export type Device = Omit<Schemas['DeviceItem'], 'channels'> & { channels: ChannelInfo[] }

export type AlarmKind = Schemas['AlarmKind']
/** One trouble at one place: `times` it came from `at` to `last_at`. `device` and `channel` are empty for the server. */
export type Alarm = Omit<Schemas['AlarmItem'], 'channel'> & { channel: ChannelName | '' }

/** A file that a device recorded itself, sent later. */
export type Original = Schemas['BackfillItem']
export type OriginalDetail = Schemas['BackfillDetail']

export type KeptKind = 'clip' | 'hold'
/** Footage that no automatic path deletes, by somebody's decision. */
export type Kept = Schemas['KeepingItem'] & { kind: KeptKind }
/** Either an interval, or the last seconds up to now. */
export type NewKept = Pick<Schemas['NewKeeping'], 'device' | 'from' | 'to' | 'last_s'> & Partial<Schemas['NewKeeping']>
