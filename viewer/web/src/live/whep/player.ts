/**
 * One channel by WHEP: a session and a <video>, and what is to be said about them, in the same words as by the WebSocket
 * (`../player/player.ts`). Sound is in the same element, so the browser keeps lips and voice together.
 *
 * It does not come back by itself: when it ends it says why, once, and somebody decides (`../tile/two_ways.ts`).
 */

import type { ServerClock } from '../player/clock'
import { type LiveStatus, NOTHING_YET, type PictureState, type SoundState } from '../player/status'
import { changedBy, entered } from '../player/stream_news'
import { microphone } from '../talk/microphone'
import type { TalkStatus } from '../talk/status'
import { TalkKey } from '../talk/talk_key'
import type { WhepMessage } from './messages'
import { InboundMeter } from './meter'
import { type WhepAddress, type WhepEnd, WhepSession } from './session'

const TICK_MS = 1_000
const STALLED_MS = 5_000 // as by the WebSocket
const FIRST_PICTURE_MAX_MS = 5_000 // a channel that sends has a key picture at hand; without one no decoder took it

export class WhepPlayer {
  private status: LiveStatus = { ...NOTHING_YET, transport: 'webrtc' }
  private readonly session: WhepSession
  private readonly talkKey = new TalkKey(
    {
      microphone: () => microphone.open(),
      letGo: () => microphone.release(),
      send: (track) => this.session.sendSound(track),
      say: (down) => this.session.sayTalk(down),
    },
    (talk) => this.talked(talk),
  )
  private readonly meter = new InboundMeter()
  private ticking: number | null = null
  private deadline: number | null = null
  private timing: number | null = null
  private muted = true
  private hasSound = false
  private soundWhyNot = ''
  private decoded = 0
  private lastPictureMs = 0
  private readonly firstPicture = (): void => this.shown()

  constructor(
    address: WhepAddress,
    private readonly video: HTMLVideoElement,
    private readonly clock: ServerClock,
    private readonly onStatus: (status: LiveStatus) => void,
    private readonly onEnded: (end: WhepEnd) => void,
  ) {
    this.session = new WhepSession(address, {
      onMessage: (message) => this.receive(message),
      onStream: (stream) => this.attach(stream),
      onConnected: () => this.connected(),
      onEnded: (end) => {
        this.onEnded(end) // first: the last picture may be wanted
        this.release()
      },
    })
  }

  start(): void {
    if (this.ticking !== null) return
    this.ticking = window.setInterval(() => void this.tick(), TICK_MS)
    this.video.addEventListener('loadeddata', this.firstPicture)
    this.onStatus(this.status)
    void this.session.open()
  }

  stop(): void {
    this.session.close()
    this.release()
  }

  talk(down: boolean): void {
    if (down) this.talkKey.hold()
    else this.talkKey.release()
  }

  setMuted(muted: boolean): void {
    this.muted = muted
    this.hush()
    if (!muted && this.video.srcObject !== null) this.play()
    this.say({ sound: this.soundState() })
  }

  private attach(stream: MediaStream): void {
    if (this.video.srcObject === stream) return
    this.video.srcObject = stream
    this.hush()
    this.play()
  }

  private play(): void {
    this.video.play().catch((error: unknown) => {
      if (!(error instanceof DOMException)) throw error
      if (error.name === 'NotAllowedError' && !this.muted) this.setMuted(true) // the browser wants a click before sound
    })
  }

  private receive(message: WhepMessage): void {
    switch (message.type) {
      case 'view': {
        const video = message.tracks.find((track) => track.kind === 'video')
        const audio = message.tracks.find((track) => track.kind === 'audio')
        this.hasSound = audio !== undefined
        this.soundWhyNot = message.whyNot.audio ?? ''
        this.talkKey.viewed(message.talk ? '' : (message.whyNot.talk ?? 'device_cannot'))
        this.say({
          stream: message.stream,
          videoCodec: video?.codec ?? '',
          audioCodec: audio?.codec ?? '',
          width: video?.width ?? 0,
          height: video?.height ?? 0,
          sound: this.soundState(),
        })
        break
      }
      case 'online':
      case 'stalled':
      case 'offline':
      case 'delay':
        this.say(changedBy(message, this.status))
        break
      case 'link': {
        const missed = message.missedUnits
        this.say({ link: message.state === 'good' ? null : { state: message.state, shown: message.shown }, missedUnits: missed })
        break
      }
      case 'talk':
        this.talkKey.told(message)
        break
      case 'gap':
      case 'closing': // the session ends itself and says so in onEnded
        break
    }
  }

  private connected(): void {
    if (this.status.state === 'connecting') this.become('waiting')
    this.deadline ??= window.setTimeout(() => {
      if (this.status.state === 'waiting') this.session.giveUp('no_picture')
    }, FIRST_PICTURE_MAX_MS)
  }

  private shown(): void {
    this.lastPictureMs = performance.now()
    const { state } = this.status
    if (state === 'connecting' || state === 'waiting' || state === 'stalled') this.become('live')
  }

  private async tick(): Promise<void> {
    const figures = this.meter.read(await this.session.statistics(), performance.now())
    if (this.ticking === null || figures === null) return
    const nowMs = performance.now()
    if (figures.decodedPictures > this.decoded) {
      this.decoded = figures.decodedPictures
      if (this.video.readyState >= HTMLMediaElement.HAVE_CURRENT_DATA) this.shown()
    } else if (this.status.state === 'live' && nowMs - this.lastPictureMs >= STALLED_MS) {
      this.become('stalled', { since: this.sinceLastPicture() })
    }
    this.say({
      bitrateKbps: figures.bitrateKbps,
      fps: figures.fps,
      loss: figures.loss,
      jitterMs: figures.jitterMs,
      roundTripMs: figures.roundTripMs,
      droppedPictures: figures.droppedPictures,
      width: this.video.videoWidth || this.status.width,
      height: this.video.videoHeight || this.status.height,
      sound: this.soundState(),
    })
    this.timeOnePicture()
  }

  /** How late one picture is, once a second: from its last packet to the screen, and half a round trip before. */
  private timeOnePicture(): void {
    if (this.timing !== null || !('requestVideoFrameCallback' in this.video)) return
    this.timing = this.video.requestVideoFrameCallback((nowMs, { expectedDisplayTime, receiveTime }) => {
      this.timing = null
      if (receiveTime === undefined) return
      const shownMs = Math.max(nowMs, expectedDisplayTime)
      const latencyMs = Math.max(0, shownMs - receiveTime) + (this.status.roundTripMs ?? 0) / 2
      const serverMs = this.clock.serverMs(shownMs)
      // The server places a picture at its receive time less the delay of the device's link.
      this.say({ latencyMs, pictureMs: serverMs === null ? null : serverMs - latencyMs - this.status.delayS * 1_000 })
    })
  }

  private sinceLastPicture(): string | null {
    const serverMs = this.clock.serverMs(this.lastPictureMs)
    return serverMs === null ? null : new Date(serverMs).toISOString()
  }

  private talked(talk: TalkStatus): void {
    this.say({ talk })
    this.hush()
  }

  /** Who talks does not listen: the officer's device would send the words back. */
  private hush(): void {
    this.video.muted = this.muted || this.status.talk?.state === 'talking'
  }

  private release(): void {
    this.talkKey.close()
    if (this.ticking !== null) window.clearInterval(this.ticking)
    if (this.deadline !== null) window.clearTimeout(this.deadline)
    if (this.timing !== null) this.video.cancelVideoFrameCallback(this.timing)
    this.ticking = this.deadline = this.timing = null
    this.video.removeEventListener('loadeddata', this.firstPicture)
    this.video.srcObject = null
  }

  private become(state: PictureState, more: Partial<LiveStatus> = {}): void {
    this.say(entered(state, more))
  }

  private say(change: Partial<LiveStatus>): void {
    this.status = { ...this.status, ...change }
    this.onStatus(this.status)
  }

  private soundState(): SoundState {
    if (!this.hasSound) return this.soundWhyNot === '' || this.soundWhyNot === 'no_track' ? 'none' : 'unsupported'
    return this.muted ? 'off' : 'on'
  }
}
