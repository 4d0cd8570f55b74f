/* What one word says about a device, from what is registered and what is live. Pure. */
import type { ChannelInfo, ChannelWord, Device } from '@/api/types'

export type DeviceWord = ChannelWord | 'disabled' | 'never'

/** In the order of "needs a look": also the sort order of the state column. */
export const DEVICE_WORDS: readonly DeviceWord[] = [
  'codec_not_supported',
  'stalled',
  'offline',
  'never',
  'connecting',
  'live',
  'disabled',
]

/** The main channel speaks for the device; a device that sends only its sub channel is judged by that. */
export function deviceWord(device: Device, channels: readonly (ChannelInfo | undefined)[]): DeviceWord {
  if (!device.enabled) return 'disabled'
  const present = channels.filter((channel) => channel !== undefined)
  const speaking = present.find((channel) => channel.channel === 'main' && channel.state !== 'offline')
  const other = present.find((channel) => channel.state !== 'offline')
  const word = (speaking ?? other)?.state ?? 'offline'
  // What was loaded before its first picture does not know of it; a channel that has a reason to be away was there.
  const came = device.last_seen !== null || present.some((channel) => channel.reason)
  return word === 'offline' && !came ? 'never' : word
}

/** Whether the last refusal still says why the device is away: it has not been let in since. */
export function refusalStands(device: Device, word: DeviceWord): boolean {
  if (device.last_refusal === null || word === 'live' || word === 'stalled' || word === 'connecting') return false
  return device.last_seen === null || Date.parse(device.last_refusal.at) > Date.parse(device.last_seen)
}

const TROUBLE: readonly DeviceWord[] = ['codec_not_supported', 'stalled', 'offline']

/** Whether somebody should look at it: it ought to send and does not, or it never could and somebody waits for it. */
export function needsLook(device: Device, word: DeviceWord): boolean {
  return TROUBLE.includes(word) || refusalStands(device, word)
}

export type Tone = 'good' | 'warn' | 'bad' | 'idle'

export const TONES: Readonly<Record<DeviceWord, Tone>> = {
  live: 'good',
  connecting: 'warn',
  stalled: 'warn',
  offline: 'bad',
  codec_not_supported: 'bad',
  never: 'idle',
  disabled: 'idle',
}
