/* Which part of the time the ribbon shows, and where a moment lies on it. Pure.

   A scale never leaves its bounds (a day) and never shows less than a second. */
import type { Span } from '../spans'

export type Scale = Span

export const SPAN_MIN_MS = 1_000

export const spanOf = ({ startMs, endMs }: Span): number => endMs - startMs

export const xOf = (scale: Scale, widthPx: number, atMs: number): number => ((atMs - scale.startMs) / spanOf(scale)) * widthPx

export const timeAt = (scale: Scale, widthPx: number, x: number): number =>
  scale.startMs + (widthPx === 0 ? 0 : x / widthPx) * spanOf(scale)

/** The nearest scale of this length within the bounds. */
export function placed(startMs: number, lengthMs: number, bounds: Span): Scale {
  const length = Math.max(SPAN_MIN_MS, Math.min(lengthMs, spanOf(bounds)))
  const start = Math.max(bounds.startMs, Math.min(startMs, bounds.endMs - length))
  return { startMs: start, endMs: start + length }
}

/** `factor` below 1 shows more closely. The moment under the pointer stays where it is, as far as the bounds let it. */
export function zoomed(scale: Scale, bounds: Span, factor: number, aroundMs: number): Scale {
  const before = spanOf(scale)
  const length = Math.max(SPAN_MIN_MS, Math.min(before * factor, spanOf(bounds)))
  return placed(aroundMs - ((aroundMs - scale.startMs) / before) * length, length, bounds)
}

export function panned(scale: Scale, bounds: Span, byMs: number): Scale {
  return placed(scale.startMs + byMs, spanOf(scale), bounds)
}

const TURN_AT = 0.95 // a page is turned when the playhead is nearly at its end
const TURN_TO = 0.1

/** The ribbon goes along with the playhead a page at a time: a picture that moves all the time tires. */
export function following(scale: Scale, bounds: Span, playheadMs: number): Scale {
  const share = (playheadMs - scale.startMs) / spanOf(scale)
  if (share >= 0 && share <= TURN_AT) return scale
  return placed(playheadMs - TURN_TO * spanOf(scale), spanOf(scale), bounds)
}

const S = 1_000
const M = 60 * S
const H = 60 * M
const STEPS = [
  100, 200, 500, S, 2 * S, 5 * S, 10 * S, 15 * S, 30 * S, M, 2 * M, 5 * M, 10 * M, 15 * M, 30 * M, H, 2 * H, 3 * H, 6 * H,
] as const

export interface Tick {
  readonly atMs: number
  readonly label: string
}

/** Round moments of local time, no closer together than `apartPx`. */
export function ticks(scale: Scale, widthPx: number, apartPx: number, labelOf = clockLabel): Tick[] {
  if (widthPx <= 0) return []
  const least = (spanOf(scale) / widthPx) * apartPx
  const step = STEPS.find((one) => one >= least) ?? 6 * H
  const offset = -new Date(scale.startMs).getTimezoneOffset() * M
  const found: Tick[] = []
  for (let at = Math.ceil((scale.startMs + offset) / step) * step - offset; at <= scale.endMs; at += step) {
    found.push({ atMs: at, label: labelOf(at, step) })
  }
  return found
}

const two = (value: number): string => String(value).padStart(2, '0')

function clockLabel(atMs: number, stepMs: number): string {
  const at = new Date(atMs)
  const minutes = `${two(at.getHours())}:${two(at.getMinutes())}`
  if (stepMs >= M) return minutes
  const seconds = `${minutes}:${two(at.getSeconds())}`
  return stepMs >= S ? seconds : `${seconds}.${Math.floor(at.getMilliseconds() / 100)}`
}
