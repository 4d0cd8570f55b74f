/* Keeps the screen on while the page publishes: a phone that sleeps stops its camera. Browsers let go of it whenever the
   page is hidden, so it is taken again when it is seen. */

export class WakeLock {
  private lock: WakeLockSentinel | null = null
  private wanted = false
  private readonly seen = (): void => {
    if (document.visibilityState === 'visible') void this.take()
  }

  on(): void {
    if (this.wanted) return
    this.wanted = true
    document.addEventListener('visibilitychange', this.seen)
    void this.take()
  }

  off(): void {
    this.wanted = false
    document.removeEventListener('visibilitychange', this.seen)
    void this.lock?.release()
    this.lock = null
  }

  private async take(): Promise<void> {
    if (!('wakeLock' in navigator)) return
    try {
      const lock = await navigator.wakeLock.request('screen')
      if (this.wanted) this.lock = lock
      else await lock.release()
    } catch (error) {
      // Refused on a low battery, say: then the screen is the officer's to keep on.
      if (!(error instanceof DOMException)) throw error
    }
  }
}
