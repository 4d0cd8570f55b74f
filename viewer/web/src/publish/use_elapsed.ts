/* The time since something began, as 0:05 or 1:02:03, moving by the second. */
import { computed, onBeforeUnmount, type ComputedRef, ref } from 'vue'

export function useElapsed(sinceMs: () => number | null): ComputedRef<string> {
  const now = ref(Date.now())
  const timer = window.setInterval(() => (now.value = Date.now()), 1_000)
  onBeforeUnmount(() => window.clearInterval(timer))
  return computed(() => {
    const since = sinceMs()
    if (since === null) return ''
    const seconds = Math.max(0, Math.floor((now.value - since) / 1_000))
    const [hours, minutes] = [Math.floor(seconds / 3_600), Math.floor(seconds / 60) % 60]
    const two = (value: number): string => String(value).padStart(2, '0')
    return hours > 0 ? `${hours}:${two(minutes)}:${two(seconds % 60)}` : `${minutes}:${two(seconds % 60)}`
  })
}
