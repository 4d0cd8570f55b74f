/* One peer connection to the server's WHIP address, and the session that stands behind it.

   Not here: when to connect, to restart and to give up (`publisher.ts`), and where the tracks come from (`camera.ts`). */
import { restartedAnswer, restartFragment } from '@/webrtc/ice_restart'
import { closeSession, type HttpSession, openSession, type Proof, restartSession } from '@/webrtc/http_session'
import type { Report } from '@/webrtc/report'
import { offeredAudio, offeredVideo } from './codecs'
import type { DeviceKey } from './device_key'

const BITRATE_MAX = 2_500_000 // 720p at 25 pictures: as recorders send, and what 4G carries upwards in towns

/** connected and lost may come again and again; ended is what the server did, and comes once. */
export type PathState = 'connected' | 'lost' | 'failed' | 'ended'

export interface PublishConnectionEvents {
  onPath(state: PathState): void
  /** Somebody may be heard from now on: the supervisor's voice, when there is one. */
  onVoice(stream: MediaStream): void
}

export interface Tracks {
  readonly picture: MediaStreamTrack
  readonly sound: MediaStreamTrack | null
}

/** What `Publisher` needs of a connection. `open` and `restart` throw `NotTaken`. */
export interface PublishConnection {
  open(): Promise<void>
  restart(): Promise<void>
  setPicture(track: MediaStreamTrack): Promise<void>
  statistics(): Promise<Report>
  /** Whether voice came within the last moment. */
  hearsVoice(): boolean
  /** Ends the session on the server as well, with all pictures that were sent. */
  close(): Promise<void>
  /** Lets go of it without a word, as when the network is not there. */
  drop(): void
}

/** Whether this browser sends a picture that the server carries. */
export function sendsPictures(): boolean {
  const capabilities = 'RTCRtpSender' in window ? RTCRtpSender.getCapabilities('video') : null
  return capabilities !== null && offeredVideo(capabilities.codecs).length > 0
}

const LAST_PICTURES_MS = 150 // a pacer sends out what is coded already before its server is told that this was all
const VOICE_FRESH_MS = 1_000

export class WhipConnection implements PublishConnection {
  private readonly peer = new RTCPeerConnection({ iceServers: [], bundlePolicy: 'max-bundle' })
  private readonly picture: RTCRtpTransceiver
  private readonly sound: RTCRtpTransceiver
  private session: HttpSession | null = null
  private done = false

  constructor(
    private readonly who: DeviceKey,
    tracks: Tracks,
    private readonly events: PublishConnectionEvents,
  ) {
    this.picture = this.peer.addTransceiver(tracks.picture, {
      direction: 'sendonly',
      sendEncodings: [{ maxBitrate: BITRATE_MAX }],
    })
    prefer(this.picture, 'video', offeredVideo)
    // Both ways, so that a supervisor can be heard without another offer.
    this.sound = this.peer.addTransceiver(tracks.sound ?? 'audio', { direction: tracks.sound === null ? 'recvonly' : 'sendrecv' })
    prefer(this.sound, 'audio', offeredAudio)
    this.peer.addEventListener('track', ({ track }) => {
      if (track.kind === 'audio') this.events.onVoice(new MediaStream([track]))
    })
    this.peer.addEventListener('connectionstatechange', () => this.pathChanged())
  }

  async open(): Promise<void> {
    await this.peer.setLocalDescription()
    const offer = this.peer.localDescription?.sdp ?? ''
    this.session = await openSession(fetch.bind(window), `/whip/${this.who.device}`, offer, this.proof())
    if (this.done) {
      void this.endSession() // the officer stopped while the server answered
      return
    }
    await this.peer.setRemoteDescription({ type: 'answer', sdp: this.session.answer })
    await this.keepSize()
    const { transport } = this.picture.sender
    transport?.addEventListener('statechange', () => {
      if (transport.state === 'closed') this.tell('ended')
    })
  }

  async restart(): Promise<void> {
    const { session } = this
    if (session === null) throw new Error('nothing to restart')
    await this.peer.setLocalDescription(await this.peer.createOffer({ iceRestart: true }))
    const asked = restartFragment(this.peer.localDescription?.sdp ?? '')
    const fragment = await restartSession(fetch.bind(window), session.location, asked, this.proof())
    if (this.done) return
    this.session = { ...session, answer: restartedAnswer(session.answer, fragment) }
    await this.peer.setRemoteDescription({ type: 'answer', sdp: this.session.answer })
  }

  async setPicture(track: MediaStreamTrack): Promise<void> {
    await this.picture.sender.replaceTrack(track)
  }

  async statistics(): Promise<Report> {
    const report = await this.peer.getStats()
    return report.values() as Report
  }

  hearsVoice(): boolean {
    const [source] = this.sound.receiver.getSynchronizationSources()
    return source !== undefined && performance.timeOrigin + performance.now() - source.timestamp < VOICE_FRESH_MS
  }

  async close(): Promise<void> {
    if (this.done) return
    this.done = true
    try {
      await this.picture.sender.replaceTrack(null)
      await this.sound.sender.replaceTrack(null)
      if (this.session !== null) await new Promise((resolve) => window.setTimeout(resolve, LAST_PICTURES_MS))
      await this.endSession()
    } finally {
      this.leave()
    }
  }

  drop(): void {
    if (this.done) return
    this.done = true
    void this.endSession()
    this.leave()
  }

  private async endSession(): Promise<void> {
    if (this.session !== null) await closeSession(fetch.bind(window), this.session.location, this.proof())
  }

  private leave(): void {
    this.peer.close()
  }

  /** Each new size of the picture begins another segment of the archive: on a bad link rather fewer pictures than smaller ones. */
  private async keepSize(): Promise<void> {
    const parameters = this.picture.sender.getParameters()
    await this.picture.sender.setParameters({ ...parameters, degradationPreference: 'maintain-resolution' })
  }

  private pathChanged(): void {
    switch (this.peer.connectionState) {
      case 'connected':
        this.tell('connected')
        break
      case 'disconnected':
        this.tell('lost')
        break
      case 'failed':
        this.tell('failed')
        break
    }
  }

  private tell(state: PathState): void {
    if (!this.done) this.events.onPath(state)
  }

  private proof(): Proof {
    return { headers: { authorization: `Bearer ${this.who.key}` }, credentials: 'omit' }
  }
}

function prefer(
  transceiver: RTCRtpTransceiver,
  kind: 'video' | 'audio',
  choose: (codecs: RTCRtpCodec[]) => RTCRtpCodec[],
): void {
  const capabilities = RTCRtpSender.getCapabilities(kind)
  // Firefox before 128 has no setCodecPreferences; there the server takes of the offer what it carries.
  if (capabilities !== null && 'setCodecPreferences' in transceiver) transceiver.setCodecPreferences(choose(capabilities.codecs))
}
