/* The sound of an alarm: two soft notes, made here so that nothing has to be loaded. */

const NOTES: readonly { readonly hz: number; readonly atS: number }[] = [
  { hz: 880, atS: 0 },
  { hz: 660, atS: 0.16 },
]
const LOUDNESS = 0.12 // heard in a quiet room, and does not frighten anybody at night
const FADE_S = 0.35
const REST_MS = 4_000 // two hundred devices that drop at once are one alarm to the ear

let context: AudioContext | null = null
let lastMs = Number.NEGATIVE_INFINITY

/** Silent where the browser has not yet been clicked: it then refuses every sound of a page. */
export function chime(): void {
  const nowMs = performance.now()
  if (nowMs - lastMs < REST_MS) return
  lastMs = nowMs
  context ??= new AudioContext()
  if (context.state !== 'running') {
    void context.resume()
  }
  for (const { hz, atS } of NOTES) {
    const tone = context.createOscillator()
    const gain = context.createGain()
    const start = context.currentTime + atS
    tone.frequency.value = hz
    gain.gain.setValueAtTime(LOUDNESS, start)
    gain.gain.exponentialRampToValueAtTime(0.001, start + FADE_S)
    tone.connect(gain).connect(context.destination)
    tone.start(start)
    tone.stop(start + FADE_S)
  }
}
