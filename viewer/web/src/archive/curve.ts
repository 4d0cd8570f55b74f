/* The forecast as lines in a box of fixed size: what recordings take, and what they may take. Pure. */
import type { ArchiveHealth } from '@/api/types'

export type Forecast = NonNullable<ArchiveHealth['forecast']>

export interface Curve {
  /** Of an SVG polyline, `x,y x,y …`. */
  points: string
  limitY: number
  /** Where room will be short; none: not on this curve. */
  shortX: number | null
  days: number
}

export function curveOf(forecast: Forecast, width: number, height: number): Curve {
  const last = forecast.curve[forecast.curve.length - 1]
  const days = Math.max(1, last?.day ?? 1)
  const top = Math.max(forecast.capacity_bytes, ...forecast.curve.map((point) => point.bytes), 1) * 1.1
  const x = (day: number): number => Math.round((day / days) * width * 10) / 10
  const y = (bytes: number): number => Math.round((height - (Math.max(0, bytes) / top) * height) * 10) / 10
  const short = forecast.days_left
  return {
    points: forecast.curve.map((point) => `${x(point.day)},${y(point.bytes)}`).join(' '),
    limitY: y(forecast.capacity_bytes),
    shortX: short === null || short > days ? null : x(short),
    days: Math.round(days),
  }
}
