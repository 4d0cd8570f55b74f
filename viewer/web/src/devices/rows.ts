/* A device as the table and the sheet show it: what is registered joined with what is live. */
import { computed, type ComputedRef } from 'vue'
import type { ChannelInfo, ChannelName, Device } from '@/api/types'
import { useEvents } from '@/events/store'
import { useRegistry } from '@/registry/store'
import { deviceWord, type DeviceWord } from '@/status/device_state'
import { codecName } from '@/words/figures'

const CHANNELS: readonly ChannelName[] = ['main', 'sub']

export interface DeviceRow {
  device: Device
  word: DeviceWord
  channels: ChannelInfo[]
  /** The channel that the figures of the row are of. */
  main: ChannelInfo | undefined
  checkpointName: string
  unitName: string
}

export function useDeviceRows(): ComputedRef<DeviceRow[]> {
  const registry = useRegistry()
  const events = useEvents()
  return computed(() =>
    registry.devices.map((device) => {
      const channels = CHANNELS.map(
        (name) => events.channel(device.id, name) ?? device.channels.find((channel) => channel.channel === name),
      ).filter((channel) => channel !== undefined)
      return {
        device,
        channels,
        word: deviceWord(device, channels),
        main: channels.find((channel) => channel.state !== 'offline') ?? channels[0],
        checkpointName: registry.checkpointName(device.checkpoint),
        unitName: registry.unitName(device.unit),
      }
    }),
  )
}

/** "H.265 1280×720 25 fps"; empty while nothing is sent. */
export function pictureWords(channel: ChannelInfo | undefined): string {
  const track = channel?.tracks.find((candidate) => candidate.kind === 'video')
  if (channel === undefined || track === undefined || channel.state === 'offline') return ''
  const size = track.width && track.height ? `${track.width}×${track.height}` : ''
  const rate = channel.fps ? `${Math.round(channel.fps)} fps` : ''
  return [codecName(track.codec), size, rate].filter(Boolean).join(' ')
}
