/* The interval that is to become a clip: where it begins and ends, and what stands for what nobody has said. Pure. */
import type { Span } from './spans'

export const USUAL_MS = 30_000 // of what is cut without both ends: an answer and its question
export const CUT_MAX_MS = 24 * 3_600_000 // the server's own

export interface Cut {
  readonly inMs: number | null
  readonly outMs: number | null
}

export const NO_CUT: Cut = { inMs: null, outMs: null }

/** An end before its beginning is none, whichever of the two was said last. */
export function withIn({ outMs }: Cut, inMs: number): Cut {
  return { inMs, outMs: outMs !== null && outMs > inMs ? outMs : null }
}

export function withOut({ inMs }: Cut, outMs: number): Cut {
  return { inMs: inMs !== null && inMs < outMs ? inMs : null, outMs }
}

/** What is cut with the playhead here; nothing of it is ahead of the newest footage. */
export function cutSpan({ inMs, outMs }: Cut, atMs: number, newestMs: number): Span {
  if (inMs !== null && outMs !== null) return limited(inMs, outMs)
  if (inMs !== null) return limited(inMs, atMs > inMs ? atMs : Math.min(inMs + USUAL_MS, newestMs))
  if (outMs !== null) return limited(outMs - USUAL_MS, outMs)
  const endMs = Math.min(atMs + USUAL_MS / 2, newestMs)
  return limited(Math.min(atMs, endMs) - USUAL_MS / 2, endMs)
}

const limited = (startMs: number, endMs: number): Span => ({ startMs, endMs: Math.min(endMs, startMs + CUT_MAX_MS) })
