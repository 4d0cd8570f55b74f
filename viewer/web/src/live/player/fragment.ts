/**
 * Live fragments (prft + moof + mdat of one track): their times, and the sample duration that MSE
 * needs.
 *
 * MSE drops everything up to the next key frame when a DTS step exceeds twice the duration of the
 * sample before (Media Source Extensions, "coded frame processing", step 6). The server's duration
 * is only a hint, and a link with holes breaks it: one 200 ms hole at 25 fps cost 1.8 s of video. So
 * the player writes one second into the bytes the WebSocket gave it. They are its own: the bytes
 * that are archived and proven never come here.
 *
 * Sound is left alone: each audio frame can be decoded by itself, and a false duration would make
 * frames overlap.
 */

import { type Box, boxesIn, findBox, Mp4Error, viewOf, within } from './boxes'

export interface FragmentFacts {
  readonly trackId: number
  /** Decode time of the first sample, in the track's timescale. */
  readonly decodeTime: number
  /** Earliest and latest presentation time of its samples, in the track's timescale. */
  readonly firstPts: number
  readonly lastPts: number
  readonly samples: number
  readonly key: boolean
  /** When the server received it, in milliseconds of UTC; NaN without a prft. */
  readonly receivedMs: number
}

const NTP_TO_UNIX_S = 2_208_988_800 // seconds from 1900 to 1970

const TFHD_BASE_OFFSET = 0x1
const TFHD_DESCRIPTION = 0x2
const TFHD_DURATION = 0x8
const TFHD_SIZE = 0x10
const TFHD_FLAGS = 0x20

const TRUN_DATA_OFFSET = 0x1
const TRUN_FIRST_FLAGS = 0x4
const TRUN_DURATION = 0x100
const TRUN_SIZE = 0x200
const TRUN_FLAGS = 0x400
const TRUN_CTS = 0x800

const NOT_SYNC = 0x1_0000 // sample_is_non_sync_sample
const SAMPLES_MAX = 4_096 // in one trun; a tenth of a second of sound holds eight

/**
 * Facts of every fragment in one message. With `stretchTo` the duration of every sample is set to
 * that many ticks, in place.
 *
 * Throws Mp4Error on anything that is not whole fragments.
 */
export function readFragments(bytes: Uint8Array, stretchTo: number | null = null): FragmentFacts[] {
  const view = viewOf(bytes)
  const facts: FragmentFacts[] = []
  let receivedMs = Number.NaN
  for (const box of boxesIn(view, 0, bytes.byteLength)) {
    if (box.type === 'prft') receivedMs = ntpToUnixMs(view, box)
    else if (box.type === 'moof') {
      facts.push(readMoof(view, box, receivedMs, stretchTo))
      receivedMs = Number.NaN
    }
  }
  if (facts.length === 0) throw new Mp4Error('message without a fragment')
  return facts
}

/** The track of a message, for routing before its timescale is known. */
export function trackOf(bytes: Uint8Array): number {
  const view = viewOf(bytes)
  const tfhd = findBox(view, 0, bytes.byteLength, ['moof', 'traf', 'tfhd'])
  if (tfhd === undefined) throw new Mp4Error('message without a fragment')
  return view.getUint32(within(tfhd, tfhd.body + 4, 4))
}

function readMoof(view: DataView, moof: Box, receivedMs: number, stretchTo: number | null): FragmentFacts {
  const traf = findBox(view, moof.body, moof.end, ['traf'])
  if (traf === undefined) throw new Mp4Error('moof without traf')
  let header: SampleDefaults | undefined
  let decodeTime = Number.NaN
  let run: RunFacts | undefined
  for (const box of boxesIn(view, traf.body, traf.end)) {
    if (box.type === 'tfhd') header = readTfhd(view, box, stretchTo)
    else if (box.type === 'tfdt') decodeTime = readTfdt(view, box)
    else if (box.type === 'trun' && header !== undefined) run ??= readTrun(view, box, header, decodeTime, stretchTo)
  }
  if (header === undefined || run === undefined || Number.isNaN(decodeTime)) {
    throw new Mp4Error('traf without tfhd, tfdt and trun in this order')
  }
  return { trackId: header.trackId, decodeTime, ...run, receivedMs }
}

interface SampleDefaults {
  readonly trackId: number
  readonly duration: number
  readonly flags: number
}

function readTfhd(view: DataView, box: Box, stretchTo: number | null): SampleDefaults {
  const flags = view.getUint32(within(box, box.body, 8)) & 0xff_ffff
  const trackId = view.getUint32(box.body + 4)
  let at = box.body + 8
  if (flags & TFHD_BASE_OFFSET) at += 8
  if (flags & TFHD_DESCRIPTION) at += 4
  let duration = 0
  if (flags & TFHD_DURATION) {
    duration = view.getUint32(within(box, at, 4))
    if (stretchTo !== null) view.setUint32(at, stretchTo)
    at += 4
  }
  if (flags & TFHD_SIZE) at += 4
  const sampleFlags = flags & TFHD_FLAGS ? view.getUint32(within(box, at, 4)) : 0
  return { trackId, duration, flags: sampleFlags }
}

function readTfdt(view: DataView, box: Box): number {
  const at = within(box, box.body, 8)
  if (view.getUint8(at) === 0) return view.getUint32(at + 4)
  // 2^53 ticks at 90 kHz are three thousand years: a Number holds it.
  return view.getUint32(within(box, at + 4, 8)) * 0x1_0000_0000 + view.getUint32(at + 8)
}

interface RunFacts {
  readonly firstPts: number
  readonly lastPts: number
  readonly samples: number
  readonly key: boolean
}

function readTrun(view: DataView, box: Box, header: SampleDefaults, start: number, stretchTo: number | null): RunFacts {
  const flags = view.getUint32(within(box, box.body, 8)) & 0xff_ffff
  const samples = view.getUint32(box.body + 4)
  if (samples === 0 || samples > SAMPLES_MAX) throw new Mp4Error(`${samples} samples in a trun`)
  let at = box.body + 8
  if (flags & TRUN_DATA_OFFSET) at += 4
  let firstFlags = header.flags
  if (flags & TRUN_FIRST_FLAGS) {
    firstFlags = view.getUint32(within(box, at, 4))
    at += 4
  }
  let decodeTime = start
  let firstPts = Infinity
  let lastPts = -Infinity
  let key = false
  for (let i = 0; i < samples; i += 1) {
    let duration = header.duration
    if (flags & TRUN_DURATION) {
      duration = view.getUint32(within(box, at, 4))
      if (stretchTo !== null) view.setUint32(at, stretchTo)
      at += 4
    }
    if (flags & TRUN_SIZE) at += 4
    let sampleFlags = i === 0 ? firstFlags : header.flags
    if (flags & TRUN_FLAGS) {
      sampleFlags = view.getUint32(within(box, at, 4))
      at += 4
    }
    let offset = 0
    if (flags & TRUN_CTS) {
      // Version 0 is unsigned, but encoders write negative values into it all the same: read both as signed.
      offset = view.getInt32(within(box, at, 4))
      at += 4
    }
    if (i === 0) key = (sampleFlags & NOT_SYNC) === 0
    firstPts = Math.min(firstPts, decodeTime + offset)
    lastPts = Math.max(lastPts, decodeTime + offset)
    decodeTime += duration
  }
  return { firstPts, lastPts, samples, key }
}

function ntpToUnixMs(view: DataView, prft: Box): number {
  const at = within(prft, prft.body + 8, 8) // version and flags, reference track
  const seconds = view.getUint32(at)
  const fraction = view.getUint32(at + 4)
  return (seconds - NTP_TO_UNIX_S) * 1_000 + (fraction / 0x1_0000_0000) * 1_000
}
