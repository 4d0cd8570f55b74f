/* Which channel of a device a tile shows. Pure. */
import type { ChannelName, ChannelWord, LiveChannel } from '@/api/types'

const sends = (word: ChannelWord | undefined): boolean => word === 'live' || word === 'stalled'

/** Small tiles take the sub channel where the device sends one, the focused tile the main one; what is there wins. */
export function channelFor(
  main: LiveChannel | undefined,
  sub: LiveChannel | undefined,
  focused: boolean,
): ChannelName {
  if (!sends(sub?.state)) return 'main'
  return focused && sends(main?.state) ? 'main' : 'sub'
}
