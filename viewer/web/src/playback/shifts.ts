/* What an officer carried of a day, as the timeline tells it, and how much of a day that leaves to be looked at. Pure. */
import type { LaneItem } from './contract'
import type { Span } from './spans'

export interface Shift extends Span {
  readonly device: string
  readonly name: string
}

export function shiftsFrom(lanes: readonly LaneItem[]): readonly Shift[] {
  return lanes.flatMap(({ device, device_name, carried }) =>
    carried === null || carried === undefined
      ? []
      : [{ device, name: device_name || device, startMs: Date.parse(carried.from), endMs: Date.parse(carried.to) }],
  )
}

/** The time in which the officer carried all of these, around the moment if there is one; null: there is none. */
export function cutToShifts(whole: Span, shifts: readonly Shift[], devices: readonly string[], atMs: number | null): Span | null {
  let cut: Span = whole
  for (const device of devices) {
    const shift = shifts.find((one) => one.device === device && one.startMs < cut.endMs && one.endMs > cut.startMs && (atMs === null || (atMs >= one.startMs && atMs < one.endMs)))
    if (shift === undefined) return null
    cut = { startMs: Math.max(cut.startMs, shift.startMs), endMs: Math.min(cut.endMs, shift.endMs) }
  }
  return cut
}
