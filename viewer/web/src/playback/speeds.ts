/* How fast, and what J, K and L make of it. Pure. Backwards the speed is negative, and groups are stepped through. */

export const SPEEDS = [0.5, 1, 2, 4, 8] as const
const BY_KEY = [1, 2, 4, 8] as const

export const SOUND_UP_TO = 2 // above nobody understands a word

/** `moving`: forwards or backwards, as the sign of the rate says; null: paused. */
export function faster(rate: number | null, forwards: boolean): number {
  const sign = forwards ? 1 : -1
  if (rate === null || Math.sign(rate) !== sign) return sign
  const next = BY_KEY.find((one) => one > Math.abs(rate)) ?? BY_KEY[BY_KEY.length - 1]
  return sign * (next ?? 1)
}
