/* Figures as people read them. */

const POWERS = ['B', 'KB', 'MB', 'GB', 'TB', 'PB'] as const

/** Bytes in decimal powers, as disks are sold: 512 GB. */
export function bytes(count: number): string {
  let value = count
  let power = 0
  while (value >= 1_000 && power < POWERS.length - 1) {
    value /= 1_000
    power += 1
  }
  const digits = power === 0 || value >= 100 ? 0 : value >= 10 ? 1 : 2
  return `${value.toFixed(digits)} ${POWERS[power] ?? 'B'}`
}

/** Kilobit a second, as Mbit/s from 1000 on. */
export function bitrate(kbps: number | null | undefined): string {
  if (kbps === null || kbps === undefined) return ''
  return kbps >= 1_000 ? `${(kbps / 1_000).toFixed(1)} Mbit/s` : `${Math.round(kbps)} kbit/s`
}

export function percent(part: number, whole: number): string {
  return whole === 0 ? '—' : `${Math.round((100 * part) / whole)} %`
}

/** A share of 0 to 1 in percent: to the tenth where that counts. */
export function percentOf(share: number): string {
  return (share * 100).toFixed(share > 0 && share < 0.1 ? 1 : 0)
}

const CODECS: Readonly<Record<string, string>> = {
  h264: 'H.264',
  hevc: 'H.265',
  aac: 'AAC',
  opus: 'Opus',
  pcm_alaw: 'G.711 A',
  pcm_mulaw: 'G.711 µ',
}

export function codecName(codec: string): string {
  return CODECS[codec] ?? codec
}
