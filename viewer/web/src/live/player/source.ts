/**
 * One media element fed with one live track: MediaSource, SourceBuffer, and the queue before them.
 *
 * A track has an element of its own (the picture a <video>, the sound an <audio>), so that a hole in
 * the sound never stops the picture, and sound can be turned on and off without a black tile.
 *
 * The queue is bounded by count and bytes; when it is full, or MediaSource breaks, the source says
 * so once (`onBroken`) and takes nothing more. The owner then opens a new one: there is no repair of
 * a broken SourceBuffer.
 */

import type { TimeRange } from './edge'
import { KeyTimes } from './key_times'

export const BEHIND_KEPT_S = 6 // behind the position: room for a jump back to a key frame, no more
const TRIM_AT_S = 12 // remove in few large pieces: each removal costs a pass over the buffer
const QUEUE_MAX = 1_500 // operations: a minute at 25 pictures a second
const QUEUE_MAX_BYTES = 16 * 1024 * 1024
const MERGE_MAX_BYTES = 1024 * 1024 // an append holds the main thread while it copies

const ROUNDING_S = 0.005 // media times are rounded to microseconds, pictures are farther apart

export type Broken = 'media' | 'overflow' | 'quota'

type Operation =
  | { readonly kind: 'append'; readonly data: Uint8Array<ArrayBuffer> }
  | { readonly kind: 'offset'; readonly seconds: number }
  | { readonly kind: 'type'; readonly mime: string }
  | { readonly kind: 'remove'; readonly end: number }

/** What the queue needs of a SourceBuffer. */
export interface Sink {
  readonly updating: boolean
  timestampOffset: number
  appendBuffer(data: BufferSource): void
  remove(start: number, end: number): void
  changeType(mime: string): void
  addEventListener(type: 'updateend' | 'error', listener: () => void): void
}

/** Feeds a sink one operation at a time, in order. */
export class AppendQueue {
  private operations: Operation[] = []
  private bytes = 0
  private sink: Sink | null = null
  private refusedForSpace = false
  private done = false

  constructor(
    private readonly onBroken: (why: Broken) => void,
    /** Frees space when the browser has none left: everything before this time may go. */
    private readonly mayForgetBefore: () => number,
    private readonly onUpdate: () => void = () => undefined,
  ) {}

  attach(sink: Sink): void {
    this.sink = sink
    sink.addEventListener('updateend', () => {
      if (this.done) return
      this.onUpdate()
      this.run()
    })
    sink.addEventListener('error', () => this.break('media'))
    this.run()
  }

  append(data: Uint8Array<ArrayBuffer>): void {
    this.push({ kind: 'append', data })
  }

  /** From the next append on, media times move by so many seconds. */
  shift(seconds: number): void {
    this.push({ kind: 'offset', seconds })
  }

  changeType(mime: string): void {
    this.push({ kind: 'type', mime })
  }

  remove(end: number): void {
    this.push({ kind: 'remove', end })
  }

  close(): void {
    this.done = true
    this.operations = []
    this.bytes = 0
  }

  get pending(): number {
    return this.operations.length
  }

  private push(operation: Operation): void {
    if (this.done) return
    this.operations.push(operation)
    if (operation.kind === 'append') this.bytes += operation.data.byteLength
    if (this.operations.length > QUEUE_MAX || this.bytes > QUEUE_MAX_BYTES) this.break('overflow')
    else this.run()
  }

  private run(): void {
    const sink = this.sink
    if (sink === null || this.done) return
    try {
      while (!sink.updating && this.operations.length > 0) this.perform(sink)
    } catch (error) {
      // A sink that was taken from its MediaSource throws InvalidStateError on everything.
      if (!(error instanceof DOMException)) throw error
      this.break('media')
    }
  }

  private perform(sink: Sink): void {
    const next = this.operations[0]
    if (next === undefined) return
    if (next.kind === 'append') {
      this.appendMerged(sink)
      return
    }
    this.operations.shift()
    if (next.kind === 'offset') sink.timestampOffset = next.seconds
    else if (next.kind === 'type') sink.changeType(next.mime)
    else if (next.end > 0) sink.remove(0, next.end)
  }

  /** Appends everything that waits up to the next other operation: after a pause one append, not fifty. */
  private appendMerged(sink: Sink): void {
    let count = 0
    let bytes = 0
    for (const operation of this.operations) {
      if (operation.kind !== 'append') break
      if (count > 0 && bytes + operation.data.byteLength > MERGE_MAX_BYTES) break
      bytes += operation.data.byteLength
      count += 1
    }
    const pieces = this.operations.slice(0, count) as { kind: 'append'; data: Uint8Array<ArrayBuffer> }[]
    const data = count === 1 && pieces[0] !== undefined ? pieces[0].data : joined(pieces, bytes)
    try {
      sink.appendBuffer(data)
    } catch (error) {
      if (error instanceof DOMException && error.name === 'QuotaExceededError') {
        this.makeSpace()
        return
      }
      throw error
    }
    this.refusedForSpace = false
    this.operations.splice(0, count)
    this.bytes -= bytes
  }

  private makeSpace(): void {
    const end = this.mayForgetBefore()
    if (this.refusedForSpace || end <= 0) {
      this.break('quota')
      return
    }
    this.refusedForSpace = true
    this.operations.unshift({ kind: 'remove', end })
  }

  private break(why: Broken): void {
    if (this.done) return
    this.close()
    this.onBroken(why)
  }
}

/** A media element and the MediaSource behind it. */
export class TrackSource {
  private readonly media = new MediaSource()
  private readonly url = URL.createObjectURL(this.media)
  private readonly queue: AppendQueue
  private buffer: SourceBuffer | null = null
  private closed = false
  private trimmedTo = 0
  private readonly keys: KeyTimes | null
  private readonly onElementError = (): void => this.breakBy('media')

  constructor(
    readonly element: HTMLMediaElement,
    private mime: string,
    init: Uint8Array<ArrayBuffer>,
    private readonly onBroken: (why: Broken) => void,
    onUpdate: () => void,
    /** Only some units can be begun with: `beginsAt` tells which. */
    inGroups = false,
  ) {
    this.keys = inGroups ? new KeyTimes() : null
    this.queue = new AppendQueue(
      (why) => this.breakBy(why),
      () => this.forgettable(this.element.currentTime - 1),
      onUpdate,
    )
    this.queue.append(init)
    this.media.addEventListener('sourceopen', () => this.open(), { once: true })
    this.media.addEventListener('sourceended', () => this.breakBy('media'))
    element.addEventListener('error', this.onElementError)
    element.src = this.url
  }

  append(data: Uint8Array<ArrayBuffer>): void {
    this.queue.append(data)
    const behind = this.element.currentTime
    const start = this.ranges()[0]?.start
    if (start !== undefined && behind - start > TRIM_AT_S) this.trim(behind - BEHIND_KEPT_S)
  }

  /** What is appended next begins a group of pictures, at this time of the player. */
  beginsAt(seconds: number): void {
    this.keys?.add(seconds)
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

  private open(): void {
    if (this.closed) return
    try {
      this.buffer = this.media.addSourceBuffer(this.mime)
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
    this.onBroken(why)
  }
}

function joined(pieces: readonly { data: Uint8Array<ArrayBuffer> }[], bytes: number): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(bytes)
  let at = 0
  for (const { data } of pieces) {
    whole.set(data, at)
    at += data.byteLength
  }
  return whole
}
