/* The player for the page: a view and its lanes for what is chosen, and what they say, ten times a second. */
import { onBeforeUnmount, type Ref, shallowRef } from 'vue'
import { askServerTime, serverNowMs } from '@/live/server_clock'
import { type Lane, laneFrom } from '../contract'
import { Thumbnails } from '../ribbon/thumbnails'
import type { ViewWanted } from '../server'
import { LanePlayer } from './lane'
import type { LaneElements } from './lane_buffer'
import { PlaybackPlayer } from './player'
import type { LaneStatus, PlayerStatus } from './status'
import { View } from './view'

const LEAD_MS = 600_000 // longer than a segment, of which all groups may be put in

export interface Playback {
  /** Of the devices chosen, in their order; empty until the server has answered. */
  readonly lanes: Readonly<Ref<readonly Lane[]>>
  readonly status: Readonly<Ref<PlayerStatus | null>>
  readonly laneStatuses: Readonly<Ref<readonly LaneStatus[]>>
  readonly failure: Readonly<Ref<unknown>>
  readonly opening: Readonly<Ref<boolean>>
  readonly player: Readonly<Ref<PlaybackPlayer | null>>
  /** Of the view that is open. */
  readonly thumbnails: Readonly<Ref<Thumbnails | null>>
  open(wanted: ViewWanted, atMs: number | null): Promise<void>
  /** The elements of the lanes are in the page. */
  attach(elements: readonly LaneElements[]): void
  close(): void
}

export function usePlayback(onSoundRefused: () => void): Playback {
  const lanes = shallowRef<readonly Lane[]>([])
  const status = shallowRef<PlayerStatus | null>(null)
  const laneStatuses = shallowRef<readonly LaneStatus[]>([])
  const failure = shallowRef<unknown>(null)
  const opening = shallowRef(false)
  const player = shallowRef<PlaybackPlayer | null>(null)
  const thumbnails = shallowRef<Thumbnails | null>(null)
  let view: View | null = null
  let wantedNow: ViewWanted | null = null
  let startMs: number | null = null

  async function open(wanted: ViewWanted, atMs: number | null): Promise<void> {
    close()
    wantedNow = wanted
    startMs = atMs
    opening.value = true
    failure.value = null
    void askServerTime()
    try {
      const opened = await View.open(wanted)
      if (wantedNow !== wanted) {
        opened.close() // somebody chose anew meanwhile
        return
      }
      view = opened
      thumbnails.value = new Thumbnails(opened)
      const byDevice = new Map(opened.item.lanes.map((item) => [item.device, laneFrom(item)]))
      lanes.value = wanted.devices.flatMap((device) => byDevice.get(device) ?? [])
    } catch (error) {
      if (wantedNow === wanted) failure.value = error
    } finally {
      if (wantedNow === wanted) opening.value = false
    }
  }

  function attach(elements: readonly LaneElements[]): void {
    const opened = view
    const wanted = wantedNow
    if (opened === null || wanted === null || player.value !== null || elements.length !== lanes.value.length) return
    // Media time cannot be negative, and the group of the first moment may have begun before it.
    const base = { ...wanted.interval, startMs: wanted.interval.startMs - LEAD_MS }
    const players = lanes.value.map(
      (lane, n) => new LanePlayer(lane, elements[n] as LaneElements, base, opened.doorsOf(lane.device), onSoundRefused),
    )
    const made = new PlaybackPlayer(players, wanted.interval, startMs, serverNowMs, (now) => {
      status.value = now
      laneStatuses.value = players.map((one) => one.status)
      if (now.lanes.some((lane, n) => lane !== lanes.value[n])) lanes.value = now.lanes
    })
    player.value = made
    made.start()
  }

  function close(): void {
    player.value?.stop()
    player.value = null
    thumbnails.value?.close()
    thumbnails.value = null
    view?.close()
    view = null
    wantedNow = null
    lanes.value = []
    status.value = null
    laneStatuses.value = []
    opening.value = false
  }

  const leave = (): void => view?.close()
  window.addEventListener('pagehide', leave)
  onBeforeUnmount(() => {
    window.removeEventListener('pagehide', leave)
    close()
  })

  return { lanes, status, laneStatuses, failure, opening, player, thumbnails, open, attach, close }
}
