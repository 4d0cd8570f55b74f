/** What is to be said of talking to the officer: a value, replaced as a whole when something changes. */

/**
 * idle: the key is up. asking: it is down, and the microphone or the server has not answered. talking: what is said is
 * heard. busy: somebody else talks. refused: nothing came of it, or no more.
 */
export type TalkState = 'idle' | 'asking' | 'talking' | 'busy' | 'refused'

export interface TalkStatus {
  readonly state: TalkState
  /** Who talks, while somebody else does. */
  readonly by: string
  /** Why not, or why not any more: a word of the server's, or of the microphone's (`MicrophoneTrouble`). */
  readonly reason: string
  /** Why a press would come to nothing, as far as is known before it; empty where it would not. */
  readonly whyNot: string
}

export const SILENT: TalkStatus = { state: 'idle', by: '', reason: '', whyNot: '' }
