/** Bits and pictures a second over the last two to three seconds, from the bytes as they arrive. */

const BUCKET_MS = 1_000
const BUCKETS = 3 // the newest one is still filling and is not counted

interface Bucket {
  startMs: number
  bytes: number
  pictures: number
}

export class Rates {
  private buckets: Bucket[] = []

  add(nowMs: number, bytes: number, pictures: number): void {
    const bucket = this.current(nowMs)
    bucket.bytes += bytes
    bucket.pictures += pictures
  }

  /** Zero before two whole seconds have passed, and again two seconds after the last byte. */
  read(nowMs: number): { bitrateKbps: number; fps: number } {
    this.current(nowMs)
    const full = this.buckets.slice(0, -1)
    if (full.length < BUCKETS - 1) return { bitrateKbps: 0, fps: 0 }
    const seconds = (full.length * BUCKET_MS) / 1_000
    const bytes = full.reduce((sum, bucket) => sum + bucket.bytes, 0)
    const pictures = full.reduce((sum, bucket) => sum + bucket.pictures, 0)
    return { bitrateKbps: Math.round((bytes * 8) / 1_000 / seconds), fps: Math.round((pictures / seconds) * 10) / 10 }
  }

  private current(nowMs: number): Bucket {
    let last = this.buckets[this.buckets.length - 1]
    if (last === undefined || nowMs - last.startMs >= BUCKETS * BUCKET_MS * 2) {
      this.buckets = [{ startMs: nowMs, bytes: 0, pictures: 0 }]
      return this.buckets[0] as Bucket
    }
    while (nowMs - last.startMs >= BUCKET_MS) {
      last = { startMs: last.startMs + BUCKET_MS, bytes: 0, pictures: 0 }
      this.buckets.push(last)
      if (this.buckets.length > BUCKETS) this.buckets.shift()
    }
    return last
  }
}
