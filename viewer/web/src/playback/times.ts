/* Times of day as the page shows them: of this computer's zone, like everywhere in the app. Pure. */

const two = (value: number): string => String(value).padStart(2, '0')

/** 10:02:03.450 */
export function clockTime(utcMs: number, withMs = true): string {
  const at = new Date(utcMs)
  const time = `${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}`
  return withMs ? `${time}.${String(at.getMilliseconds()).padStart(3, '0')}` : time
}

/** +1.20 s, −3 min 2 s: what `length` says, with its sign. */
export function signed(ms: number, length: (ms: number) => string): string {
  return `${ms < 0 ? '−' : '+'}${length(Math.abs(ms))}`
}
