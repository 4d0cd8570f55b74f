/* What the keys of the page mean. Pure. Whether a key is the page's at all is told by shell/free_key.ts. */

export type Action =
  | { readonly act: 'play_or_pause' }
  | { readonly act: 'pause' }
  | { readonly act: 'faster'; readonly forwards: boolean }
  | { readonly act: 'picture'; readonly by: 1 | -1 }
  | { readonly act: 'skip'; readonly byMs: number }
  | { readonly act: 'next_gap' }
  | { readonly act: 'next_kept' }
  | { readonly act: 'cut_in' }
  | { readonly act: 'cut_out' }
  | { readonly act: 'cut' }
  | { readonly act: 'begin' }
  | { readonly act: 'end' }
  | { readonly act: 'sound' }
  | { readonly act: 'zoom'; readonly closer: boolean }
  | { readonly act: 'focus'; readonly lane: number }

export interface Key {
  readonly key: string
  readonly shiftKey: boolean
  readonly repeat: boolean
}

const SECOND_MS = 1_000

export function actionOf({ key, shiftKey, repeat }: Key): Action | null {
  const back = key === 'ArrowLeft'
  if (back || key === 'ArrowRight') {
    return shiftKey ? { act: 'skip', byMs: back ? -SECOND_MS : SECOND_MS } : { act: 'picture', by: back ? -1 : 1 }
  }
  if (key === '+' || key === '=') return { act: 'zoom', closer: true }
  if (key === '-' || key === '_') return { act: 'zoom', closer: false }
  if (repeat) return null // the others are pressed, not held
  if (/^[1-4]$/.test(key)) return { act: 'focus', lane: Number(key) - 1 }
  switch (key.toLowerCase()) {
    case ' ':
      return { act: 'play_or_pause' }
    case 'k':
      return { act: 'pause' }
    case 'j':
      return { act: 'faster', forwards: false }
    case 'l':
      return { act: 'faster', forwards: true }
    case 'n':
      return { act: shiftKey ? 'next_gap' : 'next_kept' }
    case 'i':
      return { act: 'cut_in' }
    case 'o':
      return { act: 'cut_out' }
    case 'c':
      return { act: 'cut' }
    case 'home':
      return { act: 'begin' }
    case 'end':
      return { act: 'end' }
    case 'm':
      return { act: 'sound' }
    default:
      return null
  }
}
