/* Times as evidence shows them: to the millisecond, with the distance from UTC, so that nobody has to guess the zone. */

const two = (value: number): string => String(value).padStart(2, '0')

export function exactTime(utcMs: number): string {
  const at = new Date(utcMs)
  const east = -at.getTimezoneOffset()
  const zone = `${east < 0 ? '-' : '+'}${two(Math.floor(Math.abs(east) / 60))}:${two(Math.abs(east) % 60)}`
  const day = `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}`
  const time = `${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}`
  return `${day} ${time}.${String(at.getMilliseconds()).padStart(3, '0')} UTC${zone}`
}
