/* Device ids: what is one, and which to propose next. Pure. */

/** As interfaces.md fixes it; a 20-digit GB/T 28181 id is one too. */
const DEVICE_ID = /^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$/
const STEM_LENGTH_MAX = 24 // a checkpoint's id longer than this was made by a machine and helps nobody on site

export const isDeviceId = (text: string): boolean => DEVICE_ID.test(text)

/** The id with its last number counted up, keeping its width: `gate-09` → `gate-10`. Null when it ends in no number. */
export function countUp(id: string): string | null {
  const found = /^(.*?)(\d+)$/.exec(id)
  if (found === null) return null
  const [, stem = '', digits = ''] = found
  return stem + String(BigInt(digits) + 1n).padStart(digits.length, '0')
}

/** An unused id like those already at the checkpoint, else one made of the checkpoint's id, else `device-01`. */
export function proposeId(checkpoint: string, idsHere: readonly string[], taken: ReadonlySet<string>): string {
  const newest = [...idsHere].filter((id) => countUp(id) !== null).sort((a, b) => a.localeCompare(b, 'en', { numeric: true })).at(-1)
  const stem = isDeviceId(checkpoint) && checkpoint.length <= STEM_LENGTH_MAX ? checkpoint : 'device'
  let candidate = newest === undefined ? `${stem}-01` : (countUp(newest) ?? `${stem}-01`)
  while (taken.has(candidate)) candidate = countUp(candidate) ?? `${candidate}-01`
  return isDeviceId(candidate) ? candidate : ''
}
