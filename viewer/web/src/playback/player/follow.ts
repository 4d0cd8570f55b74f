/**
 * How a lane's <video> follows the playhead: by a rate nobody sees, or by a seek. Pure.
 *
 * The playhead is the only clock. A picture that is a little off is led back by its rate; far off, or
 * when nothing moves, it is sought.
 */

export interface Step {
  /** Of the element; 0: it stands. */
  readonly rate: number
  readonly seekToS: number | null
}

const IN_STEP_S = 0.02 // half a picture at 25 a second: nobody sees it
const APART_S = 0.25 // farther off a correction would take seconds
const CORRECTION_PER_S = 1
const CORRECTION_MAX = 0.15 // of the rate
/** A seek aims this far into a picture: media times are rounded, and just before it the one before would be shown. */
export const INTO_PICTURE_S = 0.001
const EXACT_S = 0.0005

export function follow(positionS: number, targetS: number, rate: number): Step {
  const apart = positionS - targetS
  if (rate <= 0) {
    const aim = targetS + INTO_PICTURE_S
    return { rate: 0, seekToS: Math.abs(positionS - aim) < EXACT_S ? null : aim }
  }
  if (Math.abs(apart) > APART_S * Math.max(1, rate)) return { rate, seekToS: targetS + INTO_PICTURE_S }
  if (Math.abs(apart) < IN_STEP_S * Math.max(1, rate)) return { rate, seekToS: null }
  const correction = Math.max(-CORRECTION_MAX, Math.min(CORRECTION_MAX, -apart * CORRECTION_PER_S))
  return { rate: rate * (1 + correction), seekToS: null }
}
