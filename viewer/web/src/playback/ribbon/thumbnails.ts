/* Thumbnails of what the ribbon shows: asked for when they are wanted, the newest wish first, kept for a while.

   Each move says anew what is wanted; what is under way and wanted no more is dropped. Not here: where they are shown
   (RibbonTip.vue, strip.ts), how long the server keeps them. */
import { Problem } from '@/api/problem'
import type { ThumbnailItem } from '../server'

export interface ThumbnailDoors {
  thumbnail(device: string, atMs: number, signal: AbortSignal): Promise<ThumbnailItem>
  /** The server knows this view no more. */
  renew(): Promise<void>
}

export interface Wish {
  readonly device: string
  readonly atMs: number
}

export interface Picture {
  /** For an `<img>`; it is there as long as the picture is kept. */
  readonly url: string
  readonly image: ImageBitmap
  /** From when on it was on the screen, at or before what was asked for. */
  readonly atMs: number
}

/** `none`: there is nothing to be shown; `unreadable`: there is a picture, and nobody can decode it. */
export type Found = Picture | 'none' | 'unreadable'

const AT_ONCE = 4
const KEPT_MAX = 500 // some 5 MB, and their bitmaps 30
const PAUSE_MS = 2_000 // behind an answer that there are too many, or none

export class Thumbnails {
  /** Called when something has come. */
  onChange: () => void = () => undefined
  private readonly found = new Map<string, Found>() // the least recently used first
  private readonly underWay = new Map<string, AbortController>()
  private wishes: readonly Wish[] = []
  private notBeforeMs = 0
  private closed = false

  constructor(private readonly doors: ThumbnailDoors) {}

  /** Null: it is not known yet. */
  at(wish: Wish): Found | null {
    const key = keyOf(wish)
    const found = this.found.get(key)
    if (found === undefined) return null
    this.found.delete(key)
    this.found.set(key, found)
    return found
  }

  /** In the order of their urgency. Nothing else is wanted any more. */
  want(wishes: readonly Wish[]): void {
    this.wishes = wishes
    const wanted = new Set(wishes.map(keyOf))
    for (const [key, abort] of this.underWay) if (!wanted.has(key)) abort.abort()
    this.next()
  }

  close(): void {
    this.closed = true
    this.onChange = () => undefined
    for (const abort of this.underWay.values()) abort.abort()
    for (const found of this.found.values()) forget(found)
    this.found.clear()
  }

  private next(): void {
    if (this.closed || performance.now() < this.notBeforeMs) return
    for (const wish of this.wishes) {
      if (this.underWay.size >= AT_ONCE) return
      const key = keyOf(wish)
      if (!this.found.has(key) && !this.underWay.has(key)) void this.read(key, wish)
    }
  }

  private async read(key: string, wish: Wish): Promise<void> {
    const abort = new AbortController()
    this.underWay.set(key, abort)
    try {
      const found = await this.answer(wish, abort.signal)
      if (!this.closed) this.keep(key, found)
      else forget(found)
    } catch (error) {
      if (!abort.signal.aborted) await this.pause(error)
    } finally {
      this.underWay.delete(key)
      this.next()
    }
  }

  private async answer({ device, atMs }: Wish, signal: AbortSignal): Promise<Found> {
    try {
      const item = await this.doors.thumbnail(device, atMs, signal)
      return { url: URL.createObjectURL(item.jpeg), image: await createImageBitmap(item.jpeg), atMs: item.atMs }
    } catch (error) {
      if (!(error instanceof Problem)) throw error
      if (error.kind === 'unreadable') return 'unreadable'
      if (error.status === 410 || (error.status === 404 && error.field !== '')) return 'none'
      throw error
    }
  }

  private async pause(error: unknown): Promise<void> {
    this.notBeforeMs = performance.now() + PAUSE_MS
    if (error instanceof Problem && error.status === 404) await this.doors.renew().catch(() => undefined)
    window.setTimeout(() => this.next(), PAUSE_MS)
  }

  private keep(key: string, found: Found): void {
    this.found.set(key, found)
    const [oldest] = this.found
    if (this.found.size > KEPT_MAX && oldest !== undefined) {
      this.found.delete(oldest[0])
      forget(oldest[1])
    }
    this.onChange()
  }
}

const keyOf = ({ device, atMs }: Wish): string => `${device} ${atMs}`

function forget(found: Found): void {
  if (typeof found === 'string') return
  URL.revokeObjectURL(found.url)
  found.image.close()
}
