/**
 * One channel on one tile: the live WebSocket, the picture and the sound put together, and what is
 * to be said about them.
 *
 * Framework-free: it is given a <video>, an <audio> and a callback, and owns everything between
 * `start` and `stop`. A stopped player holds no socket, no decoder and no timer.
 */

import type { ServerClock } from './clock'
import { Mp4Error } from './boxes'
import { type EndReason, LiveConnection, type Surroundings } from './connection'
import { trackOf } from './fragment'
import { isInit, playableType, readInit, renameEntry } from './init'
import type { LiveMessage, TrackAnnouncement } from './messages'
import { Picture } from './picture'
import { Rates } from './rates'
import { Sound } from './sound'
import type { Broken } from './source'
import { type LiveStatus, NOTHING_YET, type PictureState, type SoundState } from './status'
import { changedBy, entered } from './stream_news'

const TICK_MS = 250 // as often as the sound is put in step with the picture
const TICKS_PER_STATISTICS = 4
const STALLED_MS = 5_000 // so long without a picture is said on the tile; links that stall come back after 8 to 30 s
const MISSED_SHOWN_MS = 8_000 // long enough to be read by somebody who looks at sixteen tiles in turn
const BREAKS_MAX = 3 // within the period: then the decoder is not tried again until something changes
const BREAKS_PERIOD_MS = 60_000

export interface PlayerElements {
  readonly video: HTMLVideoElement
  readonly audio: HTMLAudioElement
}

export class LivePlayer {
  private status: LiveStatus = NOTHING_YET
  private readonly connection: LiveConnection
  private readonly picture: Picture
  private readonly sound: Sound
  private readonly rates = new Rates()
  private tracks: readonly TrackAnnouncement[] = []
  private stream = ''
  private muted = true
  private soundGivenUp = false
  private ticking: number | null = null
  private ticks = 0
  private lastPictureMs = 0
  private missedMs = 0
  private breaks: number[] = []

  constructor(
    url: string,
    elements: PlayerElements,
    private readonly clock: ServerClock,
    around: Surroundings,
    private readonly onStatus: (status: LiveStatus) => void,
  ) {
    this.connection = new LiveConnection(
      url,
      {
        onMessage: (message) => this.receive(message),
        onBytes: (bytes) => this.receiveBytes(bytes),
        onUp: () => this.sayListening(),
        onDown: () => this.become('connecting'),
        onClosed: (reason) => this.closed(reason),
      },
      around,
    )
    this.picture = new Picture(elements.video, clock, {
      onPlaced: (offset) => this.sound.place(offset),
      onShown: () => this.shown(),
      onBroken: (why) => this.broken(why),
    })
    this.sound = new Sound(elements.audio, elements.video, () => this.setMuted(true))
  }

  start(): void {
    if (this.ticking !== null) return
    this.status = NOTHING_YET
    this.breaks = []
    this.ticking = window.setInterval(() => this.tick(), TICK_MS)
    this.connection.start()
    this.onStatus(this.status)
  }

  stop(): void {
    this.connection.stop()
    this.release()
  }

  /** Connect now instead of at the next try: the network, or the server, is said to be back. */
  hurry(): void {
    if (this.ticking !== null && this.status.state === 'connecting') this.connection.restart()
  }

  setMuted(muted: boolean): void {
    this.muted = muted
    this.sayListening()
    this.sound.want(!muted)
    this.picture.listening = !muted
    this.say({ sound: this.soundState() })
  }

  /** Sound that the server has to make for browsers is made while somebody listens; nobody does at first. */
  private sayListening(): void {
    this.connection.say({ type: 'listen', on: !this.muted })
  }

  private receive(message: LiveMessage): void {
    switch (message.type) {
      case 'init':
        this.describe(message.stream, message.tracks)
        break
      case 'online':
      case 'stalled':
      case 'offline':
      case 'delay':
        this.say(changedBy(message, this.status))
        break
      case 'lag':
        this.missedMs = performance.now()
        this.say({ missedUnits: this.status.missedUnits + message.missedUnits, missedLately: message.missedUnits })
        break
      case 'sound_given_up':
        this.soundGivenUp = true
        this.say({ sound: this.soundState() })
        break
      case 'gap':
      case 'closing': // the connection ends itself and says so in onClosed
        break
    }
  }

  private describe(stream: string, tracks: readonly TrackAnnouncement[]): void {
    this.stream = stream
    this.tracks = tracks
    this.soundGivenUp = false
    const video = tracks.find((track) => track.kind === 'video')
    const audio = tracks.find((track) => track.kind === 'audio')
    if (audio === undefined || !this.playable(audio)) this.sound.describe(null)
    this.say({
      stream,
      videoCodec: video?.codec ?? '',
      audioCodec: audio?.codec ?? '',
      width: video?.width ?? 0,
      height: video?.height ?? 0,
      sound: this.soundState(),
    })
    if (video !== undefined && !this.playable(video)) this.become('unsupported')
    else if (this.status.state !== 'live') this.become('waiting')
  }

  private receiveBytes(bytes: Uint8Array<ArrayBuffer>): void {
    try {
      if (isInit(bytes)) this.receiveInit(bytes)
      else this.receiveFragments(bytes)
    } catch (error) {
      if (!(error instanceof Mp4Error)) throw error
      this.broken('media') // not what was promised: the same as a decoder that gave up
    }
  }

  private receiveInit(bytes: Uint8Array<ArrayBuffer>): void {
    const { trackId, timescale } = readInit(bytes)
    const track = this.tracks.find((one) => one.id === trackId)
    const type = track === undefined ? null : playableType(track.mime, isTypeSupported)
    if (track === undefined || type === null) return
    const init = type.rename ? renameEntry(bytes) : bytes
    if (track.kind === 'audio') this.sound.describe({ mime: type.mime, init })
    else this.picture.describe({ stream: this.stream, mime: type.mime, timescale, init })
  }

  private receiveFragments(bytes: Uint8Array<ArrayBuffer>): void {
    const id = trackOf(bytes)
    const kind = this.tracks.find((track) => track.id === id)?.kind
    const nowMs = performance.now()
    if (kind === 'video' && this.status.state !== 'broken') {
      this.lastPictureMs = nowMs
      this.rates.add(nowMs, bytes.byteLength, this.picture.append(bytes, nowMs))
    } else if (kind === 'audio') {
      this.rates.add(nowMs, bytes.byteLength, 0)
      this.sound.append(bytes)
    }
  }

  private shown(): void {
    const { state } = this.status
    if (state === 'waiting' || state === 'connecting' || (state === 'stalled' && this.flowing())) this.become('live')
  }

  private tick(): void {
    const nowMs = performance.now()
    this.sound.follow(nowMs)
    if (this.status.state === 'live' && !this.flowing()) {
      this.become('stalled', { since: this.sinceLastPicture() })
    }
    if (this.status.missedLately > 0 && nowMs - this.missedMs > MISSED_SHOWN_MS) this.say({ missedLately: 0 })
    this.ticks += 1
    if (this.ticks % TICKS_PER_STATISTICS !== 0) return
    const receivedMs = this.picture.shownReceivedMs()
    this.say({
      ...this.rates.read(nowMs),
      latencyMs: this.picture.latencyMs(),
      // The server places a picture at its receive time less the delay of the link.
      pictureMs: receivedMs === null ? this.status.pictureMs : receivedMs - this.status.delayS * 1_000,
      droppedPictures: this.picture.droppedCount(),
      sound: this.soundState(),
    })
  }

  private flowing(): boolean {
    return performance.now() - this.lastPictureMs < STALLED_MS
  }

  private sinceLastPicture(): string | null {
    const serverMs = this.clock.serverMs(this.lastPictureMs)
    return serverMs === null ? null : new Date(serverMs).toISOString()
  }

  private broken(_why: Broken): void {
    const nowMs = performance.now()
    this.picture.close()
    this.breaks = this.breaks.filter((atMs) => nowMs - atMs < BREAKS_PERIOD_MS)
    this.breaks.push(nowMs)
    if (this.breaks.length > BREAKS_MAX) {
      this.connection.stop()
      this.become('broken')
    } else {
      this.become('connecting')
      this.connection.restart() // the server answers a new socket with an init segment and a key frame
    }
  }

  private closed(closing: EndReason): void {
    this.release()
    this.become('closed', { closing })
  }

  private release(): void {
    if (this.ticking !== null) window.clearInterval(this.ticking)
    this.ticking = null
    this.picture.close()
    this.sound.close()
  }

  private become(state: PictureState, more: Partial<LiveStatus> = {}): void {
    this.say(entered(state, more))
  }

  private say(change: Partial<LiveStatus>): void {
    this.status = { ...this.status, ...change }
    this.onStatus(this.status)
  }

  private soundState(): SoundState {
    const audio = this.tracks.find((track) => track.kind === 'audio')
    if (audio === undefined) return 'none'
    if (!this.playable(audio) || this.sound.broken || this.soundGivenUp) return 'unsupported'
    return this.muted ? 'off' : 'on'
  }

  private playable(track: TrackAnnouncement): boolean {
    return playableType(track.mime, isTypeSupported) !== null
  }
}

function isTypeSupported(mime: string): boolean {
  return 'MediaSource' in window && MediaSource.isTypeSupported(mime)
}
