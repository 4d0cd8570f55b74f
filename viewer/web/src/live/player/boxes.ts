/**
 * ISO-BMFF boxes (ISO/IEC 14496-12, 4.2) in bytes that are already whole.
 *
 * Only sizes and names; what a box means is read in `init.ts` and `fragment.ts`. 64-bit sizes are
 * refused: a live message of 4 GiB does not exist.
 */

export class Mp4Error extends Error {}

export interface Box {
  readonly type: string
  readonly start: number
  /** First byte after size and type. */
  readonly body: number
  readonly end: number
}

const HEADER_BYTES = 8

export function* boxesIn(view: DataView, start: number, end: number): Generator<Box> {
  let at = start
  while (at < end) {
    if (end - at < HEADER_BYTES) throw new Mp4Error(`box header cut at byte ${at}`)
    const size = view.getUint32(at)
    if (size < HEADER_BYTES || size > end - at) throw new Mp4Error(`box size ${size} at byte ${at}`)
    yield { type: typeAt(view, at + 4), start: at, body: at + HEADER_BYTES, end: at + size }
    at += size
  }
}

/** The first box along a path of types, each inside the one before. */
export function findBox(view: DataView, start: number, end: number, path: readonly string[]): Box | undefined {
  let from = start
  let to = end
  let found: Box | undefined
  for (const type of path) {
    found = undefined
    for (const box of boxesIn(view, from, to)) {
      if (box.type === type) {
        found = box
        break
      }
    }
    if (found === undefined) return undefined
    from = found.body
    to = found.end
  }
  return found
}

export function typeAt(view: DataView, at: number): string {
  return String.fromCharCode(view.getUint8(at), view.getUint8(at + 1), view.getUint8(at + 2), view.getUint8(at + 3))
}

export function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}

/** A field that must lie inside its box; hostile sizes end here and not in a RangeError. */
export function within(box: Box, at: number, bytes: number): number {
  if (at < box.body || at + bytes > box.end) throw new Mp4Error(`${box.type} cut at byte ${at}`)
  return at
}
