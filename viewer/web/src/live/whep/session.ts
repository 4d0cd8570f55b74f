/**
 * One WHEP session: the offer and its answer over HTTP, the media by UDP, and the WebSocket beside them that says what
 * happens. It ends once, and says why.
 *
 * The sound's m-line goes both ways from the beginning, so that speaking needs no second offer. Not here: the tile's words
 * and figures (`player.ts`), and what follows from an end (`memory.ts`, `tile/two_ways.ts`).
 */

import type { EndReason } from '../player/connection'
import { closeSession, NotTaken, openSession, type Proof } from '@/webrtc/http_session'
import type { Report } from '@/webrtc/report'
import type { WhyNot } from './memory'
import { parseWhepMessage, type WhepMessage } from './messages'

const CONNECT_MAX_MS = 3_000 // from the answer to media: three round trips of a bad link; a firewall says nothing at all
const LOST_MAX_MS = 4_000 // a path that is lost for less comes back by itself, as between two access points

const BY_COOKIE: Proof = { headers: {}, credentials: 'same-origin' }

/** Either of this session alone, and the WebSocket goes on; or of the right to watch at all. */
export type WhepEnd =
  | { readonly kind: 'fallback'; readonly why: WhyNot; readonly detail: string; readonly afterMs: number }
  | { readonly kind: 'anew' }
  | { readonly kind: 'closed'; readonly reason: EndReason }

export interface WhepSessionEvents {
  onMessage(message: WhepMessage): void
  onStream(stream: MediaStream): void
  onConnected(): void
  onEnded(end: WhepEnd): void
}

export interface WhepAddress {
  readonly device: string
  readonly channel: string
  readonly purpose: string
}

export const hasWebRtc = (): boolean => 'RTCPeerConnection' in window

export class WhepSession {
  private readonly peer = new RTCPeerConnection({ iceServers: [], bundlePolicy: 'max-bundle' })
  private socket: WebSocket | null = null
  private location = ''
  private timer: number | null = null
  private over = false
  private readonly sound: RTCRtpTransceiver

  constructor(
    private readonly address: WhepAddress,
    private readonly events: WhepSessionEvents,
  ) {
    this.peer.addTransceiver('video', { direction: 'recvonly' })
    this.sound = this.peer.addTransceiver('audio', { direction: 'sendrecv' })
    const stream = new MediaStream()
    this.peer.addEventListener('track', ({ track }) => {
      stream.addTrack(track)
      this.events.onStream(stream)
    })
    this.peer.addEventListener('connectionstatechange', () => this.pathChanged())
  }

  async open(): Promise<void> {
    const { device, channel, purpose } = this.address
    const query = new URLSearchParams({ channel, purpose }).toString()
    try {
      await this.peer.setLocalDescription()
      const offer = this.peer.localDescription?.sdp ?? ''
      const url = `/whep/${encodeURIComponent(device)}?${query}`
      const session = await openSession(fetch.bind(window), url, offer, BY_COOKIE)
      this.location = session.location
      if (this.over) {
        this.endThere() // it was not wanted any more when the answer came
        return
      }
      this.listen()
      this.setTimer(() => this.fall('blocked'), CONNECT_MAX_MS)
      await this.peer.setRemoteDescription({ type: 'answer', sdp: session.answer })
    } catch (error) {
      if (this.over) return
      if (error instanceof NotTaken) this.end(endOf(error))
      else if (error instanceof DOMException) this.fall('lost', error.name) // an answer that this browser does not take
      else throw error
    }
  }

  async statistics(): Promise<Report> {
    const report = await this.peer.getStats()
    return report.values() as Report
  }

  /** What goes out by the sound's m-line from now on; null: nothing. */
  sendSound(track: MediaStreamTrack | null): void {
    if (!this.over) void this.sound.sender.replaceTrack(track)
  }

  /** Where the talk key is. */
  sayTalk(down: boolean): void {
    if (this.socket?.readyState === WebSocket.OPEN) this.socket.send(JSON.stringify({ type: 'talk', on: down }))
  }

  /** Not needed any more. */
  close(): void {
    if (this.over) return
    this.over = true
    this.release()
  }

  /** Given up from here: no picture came of it. */
  giveUp(detail: string): void {
    this.fall('lost', detail)
  }

  private listen(): void {
    const scheme = window.location.protocol === 'https:' ? 'wss' : 'ws'
    const socket = new WebSocket(`${scheme}://${window.location.host}/ws${this.location}`)
    this.socket = socket
    socket.onmessage = ({ data }: MessageEvent<unknown>) => {
      const message = typeof data === 'string' ? parseWhepMessage(data) : null
      if (message === null || this.over) return
      if (message.type === 'closing') this.end(closingOf(message.reason))
      else this.events.onMessage(message)
    }
    // Without it nobody would learn that the device went off line: the view is not worth keeping.
    socket.onclose = () => this.fall('lost', 'status')
  }

  private pathChanged(): void {
    switch (this.peer.connectionState) {
      case 'connected':
        this.setTimer(null)
        this.events.onConnected()
        break
      case 'disconnected':
        this.setTimer(() => this.fall('lost', 'path'), LOST_MAX_MS)
        break
      case 'failed':
        this.fall('lost', 'path')
        break
    }
  }

  private fall(why: WhyNot, detail = ''): void {
    this.end({ kind: 'fallback', why, detail, afterMs: 0 })
  }

  private end(end: WhepEnd): void {
    if (this.over) return
    this.over = true
    this.events.onEnded(end)
    this.release()
  }

  private release(): void {
    this.setTimer(null)
    if (this.socket !== null) {
      this.socket.onmessage = this.socket.onclose = null
      this.socket.close()
    }
    this.endThere()
    this.peer.close()
  }

  private endThere(): void {
    if (this.location !== '') void closeSession(fetch.bind(window), this.location, BY_COOKIE)
    this.location = ''
  }

  private setTimer(callback: (() => void) | null, ms = 0): void {
    if (this.timer !== null) window.clearTimeout(this.timer)
    this.timer = callback === null ? null : window.setTimeout(callback, ms)
  }
}

/** What a refused offer means for who wants to see the picture. */
export function endOf({ problem, retryAfterS, body }: NotTaken): WhepEnd {
  const fall = (why: WhyNot, detail = ''): WhepEnd => ({ kind: 'fallback', why, detail, afterMs: retryAfterS * 1_000 })
  switch (problem.status) {
    case 0:
      return fall('lost', 'unreachable')
    case 406:
      return fall('codec', whyNotOf(body))
    case 409:
      return fall('not_sending')
    case 401:
    case 403:
    case 404: // the WebSocket is asked the same, and knows how to say why
      return fall('refused')
    default:
      return fall('busy')
  }
}

function whyNotOf(body: unknown): string {
  const whyNot: unknown = typeof body === 'object' && body !== null ? (body as Record<string, unknown>)['why_not'] : null
  const video: unknown = typeof whyNot === 'object' && whyNot !== null ? (whyNot as Record<string, unknown>)['video'] : null
  return typeof video === 'string' ? video : ''
}

/** Another codec may be carried again: it is asked for. A server that stops is waited for by the WebSocket. */
export function closingOf(reason: EndReason | 'codec_changed'): WhepEnd {
  if (reason === 'codec_changed') return { kind: 'anew' }
  if (reason === 'server_stopping') return { kind: 'fallback', why: 'lost', detail: 'server_stopping', afterMs: 0 }
  return { kind: 'closed', reason }
}
