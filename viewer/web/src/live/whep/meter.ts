/** How a WHEP session does, from what WebRTC counts (RTCStatsReport): figures of the last seconds. Pure. */

import { numberOf, type Report, roundTripMs } from '@/webrtc/report'

export interface InboundFigures {
  readonly bitrateKbps: number
  readonly fps: number
  /** Share of packets that never came, 0 to 1. */
  readonly loss: number | null
  readonly jitterMs: number | null
  readonly roundTripMs: number | null
  /** Of the whole session. */
  readonly decodedPictures: number
  readonly droppedPictures: number
}

interface Sample {
  readonly atMs: number
  readonly bytes: number
  readonly pictures: number
  readonly packets: number
  readonly lost: number
}

const SAMPLES = 4 // one a second

export class InboundMeter {
  private samples: Sample[] = []

  /** Null before there is anything to say. */
  read(report: Report, atMs: number): InboundFigures | null {
    const entries = [...report]
    const inbound = entries.filter((one) => one['type'] === 'inbound-rtp')
    const video = inbound.find((one) => one['kind'] === 'video')
    if (video === undefined) return null
    this.samples.push({
      atMs,
      bytes: inbound.reduce((sum, one) => sum + numberOf(one['bytesReceived']), 0),
      pictures: numberOf(video['framesDecoded']),
      packets: numberOf(video['packetsReceived']),
      lost: numberOf(video['packetsLost']),
    })
    if (this.samples.length > SAMPLES) this.samples.shift()
    const first = this.samples[0] as Sample
    const last = this.samples[this.samples.length - 1] as Sample
    const seconds = (last.atMs - first.atMs) / 1_000
    return {
      bitrateKbps: seconds > 0 ? Math.round(((last.bytes - first.bytes) * 8) / 1_000 / seconds) : 0,
      fps: seconds > 0 ? Math.round(((last.pictures - first.pictures) / seconds) * 10) / 10 : 0,
      loss: share(last.lost - first.lost, last.packets - first.packets),
      jitterMs: typeof video['jitter'] === 'number' ? Math.round(video['jitter'] * 1_000) : null,
      roundTripMs: roundTripMs(entries),
      decodedPictures: last.pictures,
      droppedPictures: numberOf(video['framesDropped']),
    }
  }
}

/** What comes late after all is taken off the lost again, so a difference may be below zero. */
function share(lost: number, received: number): number | null {
  const expected = Math.max(0, lost) + received
  return expected <= 0 ? null : Math.max(0, lost) / expected
}
