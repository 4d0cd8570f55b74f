/* Times as people read them: the server speaks ISO 8601 in UTC, the page shows the clock of this computer. */
import { onBeforeUnmount, ref, type Ref } from 'vue'

const two = (value: number): string => String(value).padStart(2, '0')

/** 2026-11-24 12:03:05, in local time; empty for no time. The same in both languages: it sorts and cannot be misread. */
export function localTime(iso: string | null | undefined): string {
  if (!iso) return ''
  const at = new Date(iso)
  if (Number.isNaN(at.getTime())) return ''
  const day = `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}`
  return `${day} ${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}`
}

const STEPS: readonly [Intl.RelativeTimeFormatUnit, number][] = [
  ['day', 86_400],
  ['hour', 3_600],
  ['minute', 60],
  ['second', 1],
]

const formats = new Map<string, Intl.RelativeTimeFormat>()

/** "3 minutes ago", in the language asked for. */
export function ago(iso: string | null | undefined, nowMs: number, language: string): string {
  if (!iso) return ''
  const seconds = Math.round((new Date(iso).getTime() - nowMs) / 1_000)
  if (Number.isNaN(seconds)) return ''
  let format = formats.get(language)
  if (format === undefined) {
    format = new Intl.RelativeTimeFormat(language, { numeric: 'auto', style: 'short' })
    formats.set(language, format)
  }
  const past = Math.min(seconds, 0) // a browser whose clock is behind must not say "in 4 seconds"
  for (const [unit, size] of STEPS) {
    if (Math.abs(past) >= size) return format.format(Math.trunc(past / size), unit)
  }
  return format.format(0, 'second')
}

const TICK_MS = 5_000 // "ago" is read by people

/** The current time, moving while the component lives. */
export function useNow(): Ref<number> {
  const now = ref(Date.now())
  const timer = window.setInterval(() => (now.value = Date.now()), TICK_MS)
  onBeforeUnmount(() => window.clearInterval(timer))
  return now
}
