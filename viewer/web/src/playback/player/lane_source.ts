/** The picture of one lane in a <video>: groups put in at their placed time, taken out again, and where their pictures stand. */

import type { Broken } from '@/live/player/append_queue'
import { ElementSource } from '@/live/player/source'
import type { Span } from '../spans'
import type { Group } from './segments'

const ROUNDING_S = 0.005 // media times are rounded to microseconds, pictures are farther apart
const KEPT_BEHIND_S = 4 // where the browser has no space left: about one group

export interface KeptGroup {
  readonly group: Group
  readonly picturesMs: number[]
  readonly sound: Uint8Array<ArrayBuffer>[]
  /** Media times lie so many seconds off those of the page. */
  offsetS: number
  whole: boolean
}

export class LaneSource extends ElementSource {
  constructor(
    element: HTMLVideoElement,
    mime: string,
    init: Uint8Array<ArrayBuffer>,
    private readonly baseMs: number,
    lengthMs: number,
    onBroken: (why: Broken) => void,
    private readonly onForgotten: (beforeMs: number) => void,
  ) {
    super(element, mime, init, { onBroken, onUpdate: () => undefined }, lengthMs / 1_000 + 1)
  }

  /** Whether the picture of this moment is in the buffer. */
  has(atMs: number): boolean {
    const at = (atMs - this.baseMs) / 1_000
    return this.ranges().some(({ start, end }) => at >= start - ROUNDING_S && at < end)
  }

  take(span: Span): void {
    this.remove((span.startMs - this.baseMs) / 1_000 - ROUNDING_S / 5, (span.endMs - this.baseMs) / 1_000 - ROUNDING_S)
  }

  protected override mayForgetBefore(): number {
    const before = this.element.currentTime - KEPT_BEHIND_S
    if (before <= 0) return 0
    this.onForgotten(this.baseMs + before * 1_000)
    return before
  }
}

/** What lies outside of all that is to be kept, neighbours together. */
export function toTakeOut(have: Iterable<KeptGroup>, keep: readonly Span[]): KeptGroup[][] {
  const out: KeptGroup[][] = []
  const inOrder = [...have].sort((a, b) => a.group.startMs - b.group.startMs)
  let open = false
  for (const one of inOrder) {
    const { startMs, fillEndMs } = one.group
    if (!one.whole || keep.some((span) => startMs < span.endMs && fillEndMs >= span.startMs)) {
      open = false
    } else {
      if (open) out[out.length - 1]?.push(one)
      else out.push([one])
      open = true
    }
  }
  return out
}
