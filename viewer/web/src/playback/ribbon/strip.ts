/* Which moments of a lane are shown as small pictures along it, when it is zoomed in enough. Pure. */
import type { Lane } from '../contract'
import { gapAt, runAfter, runAt } from '../spans'
import { type Scale, spanOf } from './scale'

const S = 1_000
const STEPS = [S, 2 * S, 5 * S, 10 * S, 15 * S, 30 * S, 60 * S] as const
const WHOLE_MS = 1_000 // two moments of one second have one thumbnail

/**
 * Moments with footage, one for each place of `placePx`; none while such a place is more than a minute. They lie on round
 * seconds, so that what was fetched is of use when the ribbon is moved.
 */
export function stripMoments(lane: Lane, scale: Scale, widthPx: number, placePx: number): number[] {
  if (widthPx <= 0) return []
  const least = (spanOf(scale) / widthPx) * placePx
  const step = STEPS.find((one) => one >= least)
  if (step === undefined) return []
  const found: number[] = []
  for (let at = Math.floor(scale.startMs / step) * step; at < scale.endMs; at += step) {
    const begin = beginsWithin(lane, at, step)
    if (begin !== null && gapAt(lane, begin) === null) found.push(begin)
  }
  return found
}

function beginsWithin(lane: Lane, atMs: number, stepMs: number): number | null {
  if (runAt(lane, atMs) !== null) return atMs
  const next = runAfter(lane, atMs)
  return next !== null && next.startMs < atMs + stepMs / 2 ? next.startMs : null // else the next place is too near
}

/** The moment whose thumbnail is shown for one that is pointed at; null where there is no footage. */
export function thumbnailMoment(lane: Lane, atMs: number): number | null {
  const run = runAt(lane, atMs)
  if (run === null || gapAt(lane, atMs) !== null) return null
  const whole = Math.floor(atMs / WHOLE_MS) * WHOLE_MS
  return whole < run.startMs || gapAt(lane, whole) !== null ? atMs : whole
}
