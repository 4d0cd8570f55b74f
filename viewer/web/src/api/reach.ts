/* Whether the server answers at all. The event socket knows by itself; this is for roles that have none, and for
   requests that fail before the socket has noticed. */
import { defineStore } from 'pinia'
import { ref } from 'vue'

const PROBE = '/healthz'
const PROBE_MS = 3_000

export const useReach = defineStore('reach', () => {
  const lost = ref(false)
  /** Counts returns: a page that shows what it fetched watches it and fetches again. */
  const returns = ref(0)
  let timer = 0

  function failed(): void {
    if (lost.value) return
    lost.value = true
    timer = window.setInterval(() => void probe(), PROBE_MS)
  }

  function answered(): void {
    if (!lost.value) return
    window.clearInterval(timer)
    lost.value = false
    returns.value += 1
  }

  async function probe(): Promise<void> {
    try {
      if ((await fetch(PROBE, { cache: 'no-store' })).ok) answered()
    } catch {
      // still away
    }
  }

  return { lost, returns, failed, answered, probe }
})
