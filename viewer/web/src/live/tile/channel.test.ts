import { expect, it } from 'vitest'
import type { ChannelName, ChannelWord, LiveChannel } from '@/api/types'
import { channelFor } from './channel'

const channel = (name: ChannelName, state: ChannelWord): LiveChannel => ({
  device: 'dev1',
  channel: name,
  state,
  since: null,
  reason: null,
  tracks: [],
  bitrate_kbps: null,
  fps: null,
  delay_s: null,
  viewers: 0,
})

it('shows the sub channel in tiles and the main channel in focus, when both are there', () => {
  const both = [channel('main', 'live'), channel('sub', 'live')] as const
  expect(channelFor(...both, false)).toBe('sub')
  expect(channelFor(...both, true)).toBe('main')
})

it('shows the channel that is there', () => {
  expect(channelFor(undefined, undefined, false)).toBe('main')
  expect(channelFor(channel('main', 'live'), channel('sub', 'offline'), false)).toBe('main')
  expect(channelFor(channel('main', 'offline'), channel('sub', 'live'), true)).toBe('sub')
})

it('does not leave a sub channel because it stalls', () => {
  expect(channelFor(channel('main', 'live'), channel('sub', 'stalled'), false)).toBe('sub')
})
