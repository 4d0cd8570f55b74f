/* How the way up does, from what WebRTC counts: figures of the last seconds, and a grade. Pure. */
import { type Entry, numberOf, type Report, roundTripMs } from '@/webrtc/report'

export type Grade = 'good' | 'fair' | 'poor'

export interface LinkFigures {
  readonly roundTripMs: number | null
  /** Share of packets that did not arrive at first, 0 to 1: most of them are sent again. */
  readonly loss: number | null
  readonly bitrateKbps: number
  readonly fps: number
  readonly width: number
  readonly height: number
  readonly codec: string
  readonly grade: Grade
}

interface Sample {
  readonly atMs: number
  readonly bytes: number
  readonly pictures: number
  readonly packets: number
  readonly resent: number
}

const SAMPLES = 4 // one a second: figures are of three seconds, so that one late report is not a trend

// Between good and poor nothing is lost for the archive, but the officer should know before it is.
const LOSS = { fair: 0.02, poor: 0.1 }
const ROUND_TRIP_MS = { fair: 300, poor: 800 }
const RATE = { fair: 0.75, poor: 0.4 } // of the pictures that the camera gives

export class LinkMeter {
  private samples: Sample[] = []

  /** `cameraFps` is what the camera gives, 0 where it does not say. Null before there is anything to say. */
  read(report: Report, atMs: number, cameraFps: number): LinkFigures | null {
    const entries = [...report]
    const sent = entries.find((one) => one['type'] === 'outbound-rtp' && one['kind'] === 'video')
    if (sent === undefined) return null
    this.add({
      atMs,
      bytes: numberOf(sent['bytesSent']),
      pictures: numberOf(sent['framesSent']),
      packets: numberOf(sent['packetsSent']),
      resent: numberOf(sent['retransmittedPacketsSent']),
    })
    const first = this.samples[0] as Sample
    const last = this.samples[this.samples.length - 1] as Sample
    const seconds = (last.atMs - first.atMs) / 1_000
    if (seconds <= 0) return null
    const remote = entries.find((one) => one['type'] === 'remote-inbound-rtp' && one['kind'] === 'video')
    const codec = entries.find((one) => one['id'] === sent['codecId'])
    const figures = {
      roundTripMs: roundTripMs(entries),
      loss: loss(remote, last.packets - first.packets, last.resent - first.resent),
      bitrateKbps: Math.round(((last.bytes - first.bytes) * 8) / 1_000 / seconds),
      fps: Math.round(((last.pictures - first.pictures) / seconds) * 10) / 10,
      width: numberOf(sent['frameWidth']),
      height: numberOf(sent['frameHeight']),
      codec: codecOf(codec?.['mimeType']),
    }
    return { ...figures, grade: grade(figures, cameraFps) }
  }

  /** Another connection counts anew. */
  reset(): void {
    this.samples = []
  }

  private add(sample: Sample): void {
    const last = this.samples[this.samples.length - 1]
    if (last !== undefined && sample.packets < last.packets) this.reset()
    this.samples.push(sample)
    if (this.samples.length > SAMPLES) this.samples.shift()
  }
}

export function grade(
  figures: Pick<LinkFigures, 'roundTripMs' | 'loss' | 'fps'>,
  cameraFps: number,
): Grade {
  const rate = cameraFps > 0 ? figures.fps / cameraFps : 1
  const is = (bound: 'fair' | 'poor'): boolean =>
    (figures.loss ?? 0) >= LOSS[bound] || (figures.roundTripMs ?? 0) >= ROUND_TRIP_MS[bound] || rate < RATE[bound]
  return is('poor') ? 'poor' : is('fair') ? 'fair' : 'good'
}

/** The receiver reports what is missing after repair; what was sent again says what the link lost before it. */
function loss(remote: Entry | undefined, packets: number, resent: number): number | null {
  const reported = remote?.['fractionLost']
  if (packets <= 0) return typeof reported === 'number' ? reported : null
  return Math.max(numberOf(reported), Math.min(1, Math.max(0, resent) / packets))
}

const codecOf = (mimeType: unknown): string => (typeof mimeType === 'string' ? mimeType.slice(mimeType.indexOf('/') + 1).toLowerCase() : '')
