/**
 * The init segment of one live track: what the player must know of it, and the one thing it may
 * have to rewrite in its own copy.
 */

import { boxesIn, findBox, Mp4Error, typeAt, viewOf, within } from './boxes'

export interface InitFacts {
  readonly trackId: number
  /** Ticks a second of `tfdt` and of sample durations. */
  readonly timescale: number
}

/** A codec entry with in-band parameter sets, and the entry that some browsers want instead. */
const ENTRY_TWINS: Readonly<Record<string, string>> = { avc3: 'avc1', hev1: 'hvc1' }

const FULL_BOX_BYTES = 4 // version and flags
const ENTRY_COUNT_BYTES = 4

/** True when a binary message is an init segment and not fragments. */
export function isInit(bytes: Uint8Array): boolean {
  return bytes.byteLength >= 8 && typeAt(viewOf(bytes), 4) === 'ftyp'
}

export function readInit(bytes: Uint8Array): InitFacts {
  const view = viewOf(bytes)
  const trak = findBox(view, 0, bytes.byteLength, ['moov', 'trak'])
  if (trak === undefined) throw new Mp4Error('init segment without a track')
  const tkhd = findBox(view, trak.body, trak.end, ['tkhd'])
  const mdhd = findBox(view, trak.body, trak.end, ['mdia', 'mdhd'])
  if (tkhd === undefined || mdhd === undefined) throw new Mp4Error('track without tkhd or mdhd')
  // Version 1 has 64-bit creation and modification times before the field (ISO/IEC 14496-12, 8.3.2, 8.4.2).
  const beforeId = FULL_BOX_BYTES + (view.getUint8(within(tkhd, tkhd.body, 1)) === 1 ? 16 : 8)
  const beforeScale = FULL_BOX_BYTES + (view.getUint8(within(mdhd, mdhd.body, 1)) === 1 ? 16 : 8)
  const timescale = view.getUint32(within(mdhd, mdhd.body + beforeScale, 4))
  if (timescale === 0) throw new Mp4Error('timescale 0')
  return { trackId: view.getUint32(within(tkhd, tkhd.body + beforeId, 4)), timescale }
}

export interface PlayableType {
  readonly mime: string
  /** The sample entry must be renamed in the player's copy of the init segment. */
  readonly rename: boolean
}

/** How this browser can be given a track, or null when it cannot play it at all. */
export function playableType(mime: string | null, isTypeSupported: (mime: string) => boolean): PlayableType | null {
  if (mime === null) return null
  if (isTypeSupported(mime)) return { mime, rename: false }
  for (const [inBand, twin] of Object.entries(ENTRY_TWINS)) {
    if (!mime.includes(`"${inBand}.`)) continue
    const renamed = mime.replace(`"${inBand}.`, `"${twin}.`)
    if (isTypeSupported(renamed)) return { mime: renamed, rename: true }
  }
  return null
}

/** A copy of the init segment whose sample entry carries the twin's name; the rest is untouched. */
export function renameEntry(init: Uint8Array): Uint8Array<ArrayBuffer> {
  const copy = new Uint8Array(init)
  const view = viewOf(copy)
  const stsd = findBox(view, 0, copy.byteLength, ['moov', 'trak', 'mdia', 'minf', 'stbl', 'stsd'])
  if (stsd === undefined) throw new Mp4Error('track without stsd')
  for (const entry of boxesIn(view, within(stsd, stsd.body + FULL_BOX_BYTES + ENTRY_COUNT_BYTES, 0), stsd.end)) {
    const twin = ENTRY_TWINS[entry.type]
    if (twin === undefined) continue
    for (let i = 0; i < 4; i += 1) copy[entry.start + 4 + i] = twin.charCodeAt(i)
  }
  return copy
}
