/* A live player for a component: begins when it may, ends when it must, and keeps the last picture for the time between. */
import { onBeforeUnmount, type Ref, shallowRef, watch } from 'vue'
import type { ChannelName } from '@/api/types'
import type { Purpose } from '../purpose'
import { browser } from '../player/connection'
import { LivePlayer } from '../player/player'
import { type LiveStatus, NOTHING_YET, type Transport } from '../player/status'
import { serverClock, whyRefused } from '../server_clock'
import { WhepMemory } from '../whep/memory'
import { WhepPlayer } from '../whep/player'
import { hasWebRtc } from '../whep/session'
import { TwoWays } from './two_ways'

export interface LiveView {
  readonly device: string
  readonly channel: ChannelName
  readonly purpose: Purpose
  readonly muted: boolean
  /** Whether WebRTC is to take over from the WebSocket where it can: it is nearer to live, and costs the server more. */
  readonly webrtc: boolean
  /** The talk key is down. */
  readonly talking: boolean
}

interface Elements {
  readonly video: Readonly<Ref<HTMLVideoElement | null>>
  readonly audio: Readonly<Ref<HTMLAudioElement | null>>
  /** By WebRTC, picture and sound. */
  readonly direct: Readonly<Ref<HTMLVideoElement | null>>
  /** Shows the last picture while there is no moving one. */
  readonly still: Readonly<Ref<HTMLCanvasElement | null>>
}

export interface Live {
  readonly status: Readonly<Ref<LiveStatus>>
  /** A last picture is to be shown in place of the video. */
  readonly stillShown: Readonly<Ref<boolean>>
  /** Whose element shows the picture. */
  readonly shown: Readonly<Ref<Transport>>
  retry(): void
  hurry(): void
}

function addressOf(view: LiveView): string {
  const scheme = location.protocol === 'https:' ? 'wss' : 'ws'
  const query = new URLSearchParams({ channel: view.channel, purpose: view.purpose, listen: 'false' })
  return `${scheme}://${location.host}/ws/live/${encodeURIComponent(view.device)}?${query.toString()}`
}

/** One for all tiles: a network that lets no UDP through does so for none. */
const memory = new WhepMemory()
const networkChanged = (): void => memory.networkChanged()
window.addEventListener('online', networkChanged)
;(navigator as Navigator & { connection?: EventTarget }).connection?.addEventListener('change', networkChanged)

export function useLive(view: LiveView, elements: Elements, wanted: Readonly<Ref<boolean>>): Live {
  const status = shallowRef<LiveStatus>(NOTHING_YET)
  const stillShown = shallowRef(false)
  const shown = shallowRef<Transport>('websocket')
  let player: TwoWays | null = null

  function start(): void {
    const video = elements.video.value
    const audio = elements.audio.value
    const direct = elements.direct.value
    if (player !== null || video === null || audio === null || direct === null) return
    const { device, channel, purpose } = view
    shown.value = 'websocket'
    player = new TwoWays(
      {
        socket: (onStatus) =>
          new LivePlayer(addressOf(view), { video, audio }, serverClock, { ...browser, whyRefused: () => whyRefused(device) }, onStatus),
        webrtc: hasWebRtc()
          ? (onStatus, onEnded) => new WhepPlayer({ device, channel, purpose }, direct, serverClock, onStatus, onEnded)
          : null,
      },
      `${device}/${channel}`,
      memory,
      () => performance.now(),
      {
        onStatus: (now) => {
          status.value = now
          if (now.state === 'live' && now.transport === shown.value) stillShown.value = false
        },
        onShown: (transport) => (shown.value = transport),
        keepPicture,
      },
    )
    player.setMuted(view.muted)
    player.want(view.webrtc)
    player.start()
  }

  function stop(): void {
    if (player === null) return
    keepPicture()
    player.stop()
    player = null
  }

  function keepPicture(): void {
    const video = shown.value === 'webrtc' ? elements.direct.value : elements.video.value
    const still = elements.still.value
    if (video === null || still === null || video.readyState < HTMLMediaElement.HAVE_CURRENT_DATA) return
    still.width = video.videoWidth
    still.height = video.videoHeight
    still.getContext('2d')?.drawImage(video, 0, 0)
    stillShown.value = true
  }

  function retry(): void {
    stop()
    start()
  }

  watch(
    [wanted, elements.video],
    () => {
      if (wanted.value) start()
      else stop()
    },
    { flush: 'post' },
  )
  watch(
    () => [view.device, view.channel, view.purpose] as const,
    ([device], [before]) => {
      stop()
      if (device !== before) {
        stillShown.value = false
        status.value = NOTHING_YET
      }
      if (wanted.value) start()
    },
    { flush: 'post' },
  )
  watch(
    () => view.muted,
    (muted) => player?.setMuted(muted),
  )
  watch(
    () => view.webrtc,
    (webrtc) => player?.want(webrtc),
    { flush: 'post' },
  )
  watch(
    () => view.talking,
    (talking) => player?.talk(talking),
  )
  const hurry = (): void => player?.hurry()
  window.addEventListener('online', hurry)
  onBeforeUnmount(() => {
    window.removeEventListener('online', hurry)
    stop()
  })

  return { status, stillShown, shown, retry, hurry }
}
