/* What the page says of gaps, lengths and lanes. The sentences are in the locale files. */
import { useI18n } from 'vue-i18n'
import { sayProblem } from '@/api/words'
import { codecName } from '@/words/figures'
import type { Gap, KeptSpan, Lane } from './contract'
import type { LaneStatus, Missed } from './player/status'
import { localTime } from '@/words/time'
import { gapAt, keptAt, originalAt, runAt } from './spans'
import zh from './locales/zh-CN'

const CAUSES: readonly string[] = Object.keys(zh.cause)

export interface StateWords {
  readonly what: string
  readonly details: readonly string[]
  readonly retry: boolean
}

const NOTHING: StateWords = { what: '', details: [], retry: false }

export interface PlaybackWords {
  length(ms: number): string
  cause(gap: Gap | null): string
  gap(gap: Gap, nowMs: number): string
  /** A clip or a hold: what it is for. */
  kept(one: KeptSpan): string
  missed(what: Missed): string
  state(status: LaneStatus, nowMs: number): StateWords
  /** What a lane has at a moment: for who does not see the ribbon. */
  at(lane: Lane, atMs: number, nowMs: number): string
}

export function usePlaybackWords(): PlaybackWords {
  const { t } = useI18n()

  function length(ms: number): string {
    if (ms < 1_000) return t('playback.length.ms', { n: Math.round(ms) })
    if (ms < 60_000) return t('playback.length.s', { n: ms < 10_000 ? (ms / 1_000).toFixed(1) : Math.round(ms / 1_000) })
    const seconds = Math.round(ms / 1_000)
    if (seconds < 3_600) return t('playback.length.ms2', { m: Math.floor(seconds / 60), s: seconds % 60 })
    return t('playback.length.hm', { h: Math.floor(seconds / 3_600), m: Math.floor((seconds % 3_600) / 60) })
  }

  const cause = (gap: Gap | null): string => t(`playback.cause.${gap !== null && CAUSES.includes(gap.cause) ? gap.cause : 'unknown'}`)

  function gapWords(gap: Gap, nowMs: number): string {
    if (gap.ongoing) return t('playback.gap.ongoing', { cause: cause(gap), length: length(Math.max(0, nowMs - gap.startMs)) })
    const said = t('playback.gap.said', { cause: cause(gap), length: length(gap.endMs - gap.startMs) })
    const last = gap.closedBy[gap.closedBy.length - 1]
    if (last === undefined) return said
    return `${said} · ${t(gap.whole ? 'playback.original.closes' : 'playback.original.closesPart', { at: localTime(last.receivedAt) })}`
  }

  function state(status: LaneStatus, nowMs: number): StateWords {
    switch (status.state) {
      case 'shown':
        return status.gap === null ? NOTHING : { ...NOTHING, what: gapWords(status.gap, nowMs) }
      case 'loading':
        return { ...NOTHING, what: t('playback.lane.loading') }
      case 'gap':
        return { ...NOTHING, what: t('playback.lane.gap'), details: status.gap === null ? [] : [gapWords(status.gap, nowMs)] }
      case 'edge':
        return { ...NOTHING, what: t('playback.lane.edge') }
      case 'away':
        return { what: t('playback.lane.away'), details: [sayProblem(status.problem)], retry: true }
      case 'refused':
        return { what: t('playback.lane.refused'), details: [t('playback.lane.refusedHint')], retry: true }
      case 'unsupported':
        return { ...NOTHING, what: t('playback.lane.unsupported', { codec: codecName(status.codec) }), details: [t('playback.lane.unsupportedHint')] }
      case 'broken':
        return { what: t('playback.lane.broken'), details: [t('playback.lane.brokenHint')], retry: true }
      case 'missing':
        return { ...NOTHING, what: t('playback.lane.missing'), details: [t('playback.lane.missingHint')] }
    }
  }

  function kept({ kind, caseId, stage, note }: KeptSpan): string {
    const parts = [caseId === '' ? '' : stage === '' ? t('playback.kept.ofCase') : t(`cases.stage.${stage}`), note]
    return [t(`kept.kind.${kind}`), ...parts.filter((part) => part !== '')].join('，')
  }

  function at(lane: Lane, atMs: number, nowMs: number): string {
    const gap = gapAt(lane, atMs)
    const said = gap !== null ? gapWords(gap, nowMs) : t(runAt(lane, atMs) === null ? 'playback.ribbon.nothing' : 'playback.ribbon.footage')
    const original = gap === null ? originalAt(lane, atMs) : null // a gap has said so itself
    const more = original === null ? [] : [t('playback.original.beside', { at: localTime(original.receivedAt) })]
    return [`${lane.name || lane.device}: ${said}`, ...more, ...keptAt(lane, atMs).map(kept)].join(' · ')
  }

  return {
    length,
    cause,
    gap: gapWords,
    kept,
    missed: ({ gap, fromMs, toMs, skipped }) =>
      t(skipped ? 'playback.gap.skipped' : 'playback.gap.said', { cause: cause(gap), length: length(toMs - fromMs) }),
    state,
    at,
  }
}
