/* A live player for a component: begins when it may, ends when it must, and keeps the last picture for the time between. */
import { onBeforeUnmount, type Ref, shallowRef, watch } from 'vue'
import type { ChannelName } from '@/api/types'
import type { Purpose } from '../purpose'
import { browser } from '../player/connection'
import { LivePlayer } from '../player/player'
import { type LiveStatus, NOTHING_YET } from '../player/status'
import { serverClock, whyRefused } from '../server_clock'

export interface LiveView {
  readonly device: string
  readonly channel: ChannelName
  readonly purpose: Purpose
  readonly muted: boolean
}

interface Elements {
  readonly video: Readonly<Ref<HTMLVideoElement | null>>
  readonly audio: Readonly<Ref<HTMLAudioElement | null>>
  /** Shows the last picture while there is no moving one. */
  readonly still: Readonly<Ref<HTMLCanvasElement | null>>
}

export interface Live {
  readonly status: Readonly<Ref<LiveStatus>>
  /** A last picture is to be shown in place of the video. */
  readonly stillShown: Readonly<Ref<boolean>>
  retry(): void
  hurry(): void
}

function addressOf(view: LiveView): string {
  const scheme = location.protocol === 'https:' ? 'wss' : 'ws'
  const query = new URLSearchParams({ channel: view.channel, purpose: view.purpose, listen: 'false' })
  return `${scheme}://${location.host}/ws/live/${encodeURIComponent(view.device)}?${query.toString()}`
}

export function useLive(view: LiveView, elements: Elements, wanted: Readonly<Ref<boolean>>): Live {
  const status = shallowRef<LiveStatus>(NOTHING_YET)
  const stillShown = shallowRef(false)
  let player: LivePlayer | null = null

  function start(): void {
    const video = elements.video.value
    const audio = elements.audio.value
    if (player !== null || video === null || audio === null) return
    player = new LivePlayer(
      addressOf(view),
      { video, audio },
      serverClock,
      { ...browser, whyRefused: () => whyRefused(view.device) },
      (now) => {
        status.value = now
        if (now.state === 'live') stillShown.value = false
      },
    )
    player.setMuted(view.muted)
    player.start()
  }

  function stop(): void {
    if (player === null) return
    keepPicture()
    player.stop()
    player = null
  }

  function keepPicture(): void {
    const video = elements.video.value
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
  const hurry = (): void => player?.hurry()
  window.addEventListener('online', hurry)
  onBeforeUnmount(() => {
    window.removeEventListener('online', hurry)
    stop()
  })

  return { status, stillShown, retry, hurry }
}
