/**
 * One media element fed with one track: MediaSource, SourceBuffer, and the queue before them.
 *
 * A track has an element of its own (the picture a <video>, the sound an <audio>), so that a hole in
 * the sound never stops the picture, and sound can be turned on and off without a black tile.
 *
 * When the queue is full, or MediaSource breaks, the source says so once (`onBroken`) and takes
 * nothing more. The owner then opens a new one.
 */

import { AppendQueue, type Broken } from './append_queue'
import type { TimeRange } from './edge'
import { KeyTimes } from './key_times'

export type { Broken } from './append_queue'

export const BEHIND_KEPT_S = 6 // behind the position: room for a jump back to a key frame, no more
const TRIM_AT_S = 12 // remove in few large pieces: each removal costs a pass over the buffer

const ROUNDING_S = 0.005 // media times are rounded to microseconds, pictures are farther apart

export interface SourceEvents {
  onBroken(why: Broken): void
  /** The browser has worked off what was given to it last. */
  onUpdate(): void
}

/** A media element and the MediaSource behind it. What is in it is up to the owner. */
export class ElementSource {
  private readonly media = new MediaSource()
  private readonly url = URL.createObjectURL(this.media)
  protected readonly queue: AppendQueue
  private buffer: SourceBuffer | null = null
  private closed = false
  private readonly onElementError = (): void => this.breakBy('media')

  constructor(
    readonly element: HTMLMediaElement,
    private mime: string,
    init: Uint8Array<ArrayBuffer>,
    private readonly events: SourceEvents,
    /** Known beforehand where one seeks to what is not there yet: a seek goes to the end at most. */
    private readonly lengthS: number | null = null,
  ) {
    this.queue = new AppendQueue(
      (why) => this.breakBy(why),
      () => this.mayForgetBefore(),
      () => events.onUpdate(),
    )
    this.queue.append(init)
    this.media.addEventListener('sourceopen', () => this.open(), { once: true })
    this.media.addEventListener('sourceended', () => this.breakBy('media'))
    element.addEventListener('error', this.onElementError)
    element.src = this.url
  }

  append(data: Uint8Array<ArrayBuffer>): void {
    this.queue.append(data)
  }

  /** A new description of the track begins; its media times move by `offset` seconds. */
  restart(mime: string, init: Uint8Array<ArrayBuffer>, offset: number): void {
    if (mime !== this.mime) this.queue.changeType(mime)
    this.mime = mime
    this.queue.append(init)
    this.queue.shift(offset)
  }

  /** From the next append on, media times move by so many seconds. */
  shift(offset: number): void {
    this.queue.shift(offset)
  }

  /** Takes out what lies in between, to the next key picture behind it. */
  remove(start: number, end: number): void {
    this.queue.remove(end, start)
  }

  /** Operations that the browser has not begun with. */
  get pending(): number {
    return this.queue.pending
  }

  /** The browser still works on what was given to it. */
  get busy(): boolean {
    return this.queue.pending > 0 || this.buffer === null || this.buffer.updating
  }

  ranges(): TimeRange[] {
    const buffer = this.buffer
    if (this.closed || buffer === null || this.media.readyState === 'closed') return []
    const { buffered } = buffer
    return Array.from({ length: buffered.length }, (_, i) => ({ start: buffered.start(i), end: buffered.end(i) }))
  }

  close(): void {
    if (this.closed) return
    this.closed = true
    this.queue.close()
    this.element.removeEventListener('error', this.onElementError)
    this.element.removeAttribute('src')
    this.element.load() // lets the decoder go at once instead of at the next garbage collection
    URL.revokeObjectURL(this.url)
  }

  /** The browser has no space left: what lies before this time of the element is given up. */
  protected mayForgetBefore(): number {
    return 0
  }

  private open(): void {
    if (this.closed) return
    try {
      this.buffer = this.media.addSourceBuffer(this.mime)
      if (this.lengthS !== null) this.media.duration = this.lengthS
    } catch (error) {
      if (!(error instanceof DOMException)) throw error
      this.breakBy('media')
      return
    }
    this.buffer.mode = 'segments'
    this.queue.attach(this.buffer)
  }

  private breakBy(why: Broken): void {
    if (this.closed) return
    this.queue.close()
    this.events.onBroken(why)
  }
}

/** Of a live track: what lies some seconds behind the position is forgotten by itself. */
export class TrackSource extends ElementSource {
  private trimmedTo = 0
  private readonly keys: KeyTimes | null

  constructor(
    element: HTMLMediaElement,
    mime: string,
    init: Uint8Array<ArrayBuffer>,
    onBroken: (why: Broken) => void,
    onUpdate: () => void,
    /** Only some units can be begun with: `beginsAt` tells which. */
    inGroups = false,
  ) {
    super(element, mime, init, { onBroken, onUpdate })
    this.keys = inGroups ? new KeyTimes() : null
  }

  override append(data: Uint8Array<ArrayBuffer>): void {
    super.append(data)
    const behind = this.element.currentTime
    const start = this.ranges()[0]?.start
    if (start !== undefined && behind - start > TRIM_AT_S) this.trim(behind - BEHIND_KEPT_S)
  }

  /** What is appended next begins a group of pictures, at this time of the player. */
  beginsAt(seconds: number): void {
    this.keys?.add(seconds)
  }

  protected override mayForgetBefore(): number {
    return this.forgettable(this.element.currentTime - 1)
  }

  private trim(to: number): void {
    const end = this.forgettable(to)
    if (end - this.trimmedTo < 1) return // the removal asked for before is still in the queue
    this.trimmedTo = end
    this.keys?.forgetBefore(end)
    this.queue.remove(end)
  }

  private forgettable(end: number): number {
    if (this.keys === null) return end
    const key = this.keys.lastUpTo(end)
    return key === null ? 0 : key - ROUNDING_S // a removal that ends behind a key picture takes its group as well
  }
}
