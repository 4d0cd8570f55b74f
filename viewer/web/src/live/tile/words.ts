/* What a tile says, from the status of its player. The sentences are in the locale files. */
import { useI18n } from 'vue-i18n'
import { codecName } from '@/words/figures'
import { ago, localTime } from '@/words/time'
import type { LiveStatus } from '../player/status'

const OFFLINE_REASONS = [
  'offline',
  'stalled',
  'packet_loss',
  'takeover',
  'disabled',
  'server_stopped',
  'server_crashed',
  'rtp_jump',
  'device_paused',
  'device_stopped',
  'key_rotated',
]

const CODEC_DETAILS = ['b_frames', 'codec_not_offered', 'profile_not_offered']

export interface StateWords {
  readonly what: string
  readonly details: readonly string[]
}

export interface TileWords {
  state(status: LiveStatus, hadPicture: boolean, nowMs: number): StateWords
  sound(status: LiveStatus): string
  /** Of the viewer's own link, while it does not carry everything. */
  link(status: LiveStatus): string
  /** Why not by WebRTC; empty where it is, or was not wanted. */
  whyNotWebRtc(status: LiveStatus): string
}

export function useTileWords(): TileWords {
  const { t, locale } = useI18n()

  const since = (iso: string | null, nowMs: number): string[] =>
    iso === null ? [] : [t('live.tile.since', { at: localTime(iso), ago: ago(iso, nowMs, locale.value) })]

  function state(status: LiveStatus, hadPicture: boolean, nowMs: number): StateWords {
    switch (status.state) {
      case 'connecting':
        return { what: t(hadPicture ? 'live.tile.reconnecting' : 'live.tile.connecting'), details: [] }
      case 'waiting':
        return { what: t('live.tile.waiting'), details: [] }
      case 'stalled':
        return { what: t('live.tile.stalled'), details: since(status.since, nowMs) }
      case 'offline': {
        const reason = OFFLINE_REASONS.includes(status.reason) ? [t(`live.offlineReason.${status.reason}`)] : []
        return { what: t('live.tile.offline'), details: [...since(status.since, nowMs), ...reason] }
      }
      case 'unsupported':
        return unsupported(status)
      case 'broken':
        return { what: t('live.tile.broken'), details: [t('live.tile.brokenHint')] }
      case 'closed':
        return { what: t(`live.closed.${status.closing ?? 'revoked'}`), details: [] }
      case 'live':
        return { what: '', details: [] }
    }
  }

  /** The server names a codec that it does not take; the browser's own limits are known by the codec of the track. */
  function unsupported(status: LiveStatus): StateWords {
    const refused = status.reason || status.videoCodec
    const codec = codecName(refused)
    if (status.reason !== '') {
      return { what: t('live.tile.serverCannot', { codec }), details: [t('live.tile.serverCannotHint')] }
    }
    return {
      what: t('live.tile.browserCannot', { codec }),
      details: [t('live.tile.archived'), ...(status.videoCodec === 'hevc' ? [t('live.tile.hevcHint')] : [])],
    }
  }

  function sound(status: LiveStatus): string {
    return status.sound === 'unsupported' ? t('live.tile.soundCannot', { codec: codecName(status.audioCodec) }) : ''
  }

  function link({ link: now }: LiveStatus): string {
    if (now === null) return ''
    return now.state === 'recovered' ? t('live.link.recovered') : t(`live.link.${now.shown}`)
  }

  function whyNotWebRtc({ whyNotWebRtc: reason }: LiveStatus): string {
    if (reason === null) return ''
    const known = reason.why === 'codec' && CODEC_DETAILS.includes(reason.detail)
    return t(known ? `live.whyNot.${reason.detail}` : `live.whyNot.${reason.why}`)
  }

  return { state, sound, link, whyNotWebRtc }
}
