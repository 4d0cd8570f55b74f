/* Two minutes of a link, one sample a second, as lines to draw. Pure. */
import type { LiveStatus } from '../player/status'

export interface Sample {
  readonly atMs: number
  readonly bitrateKbps: number
  readonly fps: number
  readonly delayS: number
}

export const HISTORY_S = 120
const SAMPLE_MS = 900 // statuses come once a second, and in between when something changes

export function withSample(history: readonly Sample[], status: LiveStatus, atMs: number): readonly Sample[] {
  const last = history[history.length - 1]
  if (last !== undefined && atMs - last.atMs < SAMPLE_MS) return history
  if (status.state === 'live' && status.bitrateKbps === 0) return history // not measured yet, after the transport changed
  const { bitrateKbps, fps, delayS } = status
  return [...history.filter((one) => atMs - one.atMs <= HISTORY_S * 1_000), { atMs, bitrateKbps, fps, delayS }]
}

/** Points of an SVG polyline over `width` by `height`, newest at the right edge; `top` is the value at the upper edge. */
export function polyline(
  history: readonly Sample[],
  value: (sample: Sample) => number,
  top: number,
  nowMs: number,
  width: number,
  height: number,
): string {
  return history
    .map((sample) => {
      const x = width * (1 - (nowMs - sample.atMs) / (HISTORY_S * 1_000))
      const y = height * (1 - Math.min(1, value(sample) / top))
      return `${x.toFixed(1)},${y.toFixed(1)}`
    })
    .join(' ')
}

/** A round number at or above the greatest value, so that the scale does not jump at each sample. */
export function scaleTop(history: readonly Sample[], value: (sample: Sample) => number, least: number): number {
  const most = history.reduce((greatest, sample) => Math.max(greatest, value(sample)), least)
  const power = 10 ** Math.floor(Math.log10(most))
  return ([1, 2, 5, 10].find((step) => step * power >= most) ?? 10) * power
}
