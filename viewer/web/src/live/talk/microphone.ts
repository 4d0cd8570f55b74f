/**
 * The microphone of this computer: asked for when it is first needed, kept a while for the next press, and then let go, so
 * that the browser's sign for it says what is true. One a tab.
 */

/** denied: the person or the browser said no. in_use: another program has it. insecure: no page that came unencrypted gets one. */
export type MicrophoneTrouble = 'denied' | 'missing' | 'in_use' | 'insecure'

export class NoMicrophone extends Error {
  constructor(readonly trouble: MicrophoneTrouble) {
    super(trouble)
    this.name = 'NoMicrophone'
  }
}

const KEPT_MS = 30_000 // between two presses of one conversation; opening it takes a tenth of a second and more
const WANTED: MediaTrackConstraints = { echoCancellation: true, noiseSuppression: true, autoGainControl: true, channelCount: 1 }

const TROUBLES: Readonly<Record<string, MicrophoneTrouble>> = {
  NotAllowedError: 'denied',
  SecurityError: 'denied',
  NotFoundError: 'missing',
  OverconstrainedError: 'missing',
  NotReadableError: 'in_use',
  AbortError: 'in_use',
}

class Microphone {
  private users = 0
  private track: MediaStreamTrack | null = null
  private timer: number | null = null
  private context: AudioContext | null = null
  private analyser: AnalyserNode | null = null
  private samples = new Float32Array(0)

  /** Its track, until `release`. @throws NoMicrophone saying why there is none; then nothing is to be released. */
  async open(): Promise<MediaStreamTrack> {
    this.users += 1
    this.clearTimer()
    try {
      return await this.opened()
    } catch (error) {
      this.release()
      throw error
    }
  }

  private async opened(): Promise<MediaStreamTrack> {
    if (this.track?.readyState === 'live') return this.track
    if (!window.isSecureContext || !('mediaDevices' in navigator)) throw new NoMicrophone('insecure')
    let stream: MediaStream
    try {
      stream = await navigator.mediaDevices.getUserMedia({ audio: WANTED })
    } catch (error) {
      if (!(error instanceof DOMException)) throw error
      throw new NoMicrophone(TROUBLES[error.name] ?? 'in_use')
    }
    const [track] = stream.getAudioTracks()
    if (track === undefined) throw new NoMicrophone('missing')
    this.close() // another press was answered meanwhile
    this.track = track
    this.measure(stream)
    return track
  }

  /** Not needed any more, for now. */
  release(): void {
    this.users -= 1
    this.clearTimer()
    if (this.users === 0) this.timer = window.setTimeout(() => this.close(), KEPT_MS)
  }

  /** How loud it is, 0 to 1. */
  level(): number {
    if (this.analyser === null) return 0
    this.analyser.getFloatTimeDomainData(this.samples)
    const power = this.samples.reduce((sum, one) => sum + one * one, 0) / this.samples.length
    return Math.min(1, Math.sqrt(power) * 4) // speech at arm's length is some 0.1 to 0.2
  }

  private measure(stream: MediaStream): void {
    this.context = new AudioContext()
    this.analyser = this.context.createAnalyser()
    this.analyser.fftSize = 1_024
    this.samples = new Float32Array(this.analyser.fftSize)
    this.context.createMediaStreamSource(stream).connect(this.analyser)
  }

  private clearTimer(): void {
    if (this.timer !== null) window.clearTimeout(this.timer)
    this.timer = null
  }

  private close(): void {
    this.track?.stop()
    void this.context?.close()
    this.track = this.context = this.analyser = null
  }
}

export const microphone = new Microphone()
