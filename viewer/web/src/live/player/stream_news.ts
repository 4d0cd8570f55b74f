/** What the server says of a stream itself, in the same words by every way of watching, and what of a status it changes. */

import type { LiveMessage } from './messages'
import type { LiveStatus, PictureState } from './status'

export type StreamNews = Extract<LiveMessage, { type: 'online' | 'stalled' | 'offline' | 'delay' }>

export function changedBy(news: StreamNews, { state }: LiveStatus): Partial<LiveStatus> {
  switch (news.type) {
    case 'online':
      return state === 'offline' || state === 'stalled' ? entered('waiting') : {}
    case 'stalled':
      return entered('stalled', { since: news.since })
    case 'offline':
      return entered(news.codecNotSupported ? 'unsupported' : 'offline', {
        since: news.since ?? news.lastSeen,
        reason: news.reason,
        delayS: 0,
      })
    case 'delay':
      return { delayS: news.seconds }
  }
}

/** Another state, without what the one before had to explain. */
export function entered(state: PictureState, more: Partial<LiveStatus> = {}): Partial<LiveStatus> {
  return { state, since: null, reason: '', ...more }
}
