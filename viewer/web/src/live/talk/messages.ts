/** What the server says of talking, beside a view by WHEP (`/ws/whep/…`). */

export interface TalkMessage {
  readonly type: 'talk'
  /** granted, refused, and ended with a reason: of this view's own key. busy, and ended without one: of somebody else's. */
  readonly state: 'granted' | 'busy' | 'refused' | 'ended'
  readonly by: string
  readonly reason: string
}

const STATES = ['granted', 'busy', 'refused', 'ended'] as const

/** Null for what this version does not know. */
export function talkMessageOf(fields: Readonly<Record<string, unknown>>): TalkMessage | null {
  const state = STATES.find((one) => one === fields['state'])
  if (state === undefined) return null
  return { type: 'talk', state, by: textOf(fields['by']), reason: textOf(fields['reason']) }
}

const textOf = (value: unknown): string => (typeof value === 'string' ? value : '')
