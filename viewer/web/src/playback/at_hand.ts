/* What the case at hand opens of a day, as the server tells it (viewer/case_at_hand.py), so that nothing else is asked for.
   Pure. */
import type { CaseFootage } from '@/api/types'
import type { Span } from './spans'

const spanOf = ({ from, to }: { from: string; to: string }): Span => ({ startMs: Date.parse(from), endMs: Date.parse(to) })

function both(one: Span, other: Span): Span | null {
  const span = { startMs: Math.max(one.startMs, other.startMs), endMs: Math.min(one.endMs, other.endMs) }
  return span.endMs > span.startMs ? span : null
}

const has = (span: Span, atMs: number | null): boolean => atMs === null || (atMs >= span.startMs && atMs < span.endMs)

/** As much of the day as may be shown of these devices, around the moment if there is one; null: nothing. */
export function openedOf(day: Span, footage: CaseFootage, devices: readonly string[], atMs: number | null): Span | null {
  const around = footage.around === null ? null : both(day, spanOf(footage.around))
  if (around !== null && has(around, atMs)) return around
  let opened: Span | null = day
  for (const device of devices) {
    const clips = footage.clips.filter((one) => one.device === device).map(spanOf)
    const clip = clips.filter((one) => has(one, atMs) && both(one, day) !== null).sort((a, b) => a.startMs - b.startMs)[0]
    opened = clip === undefined || opened === null ? null : both(opened, clip)
  }
  return devices.length > 0 && opened !== null ? opened : around
}

/** Devices of which the case may open something. */
export function devicesOf(
  footage: CaseFootage,
  devices: readonly { readonly id: string; readonly unit: string }[],
  parents: ReadonlyMap<string, string | null>,
): ReadonlySet<string> {
  const found = new Set(footage.clips.map(({ device }) => device))
  if (footage.around === null) return found
  for (const { id, unit } of devices) {
    for (let at: string | null | undefined = unit; at; at = parents.get(at)) if (at === footage.unit) found.add(id)
  }
  return found
}
