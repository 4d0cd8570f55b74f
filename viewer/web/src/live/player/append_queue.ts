/**
 * What goes into a SourceBuffer, one operation at a time: it refuses everything while it works.
 *
 * The queue is bounded by count and bytes; when it is full, or MediaSource breaks, it says so once
 * (`onBroken`) and takes nothing more. There is no repair of a broken SourceBuffer.
 *
 * Not here: the element and the MediaSource, which `source.ts` has.
 */

const QUEUE_MAX = 1_500 // operations: a minute at 25 pictures a second
const QUEUE_MAX_BYTES = 16 * 1024 * 1024
const MERGE_MAX_BYTES = 1024 * 1024 // an append holds the main thread while it copies

export type Broken = 'media' | 'overflow' | 'quota'

type Operation =
  | { readonly kind: 'append'; readonly data: Uint8Array<ArrayBuffer> }
  | { readonly kind: 'offset'; readonly seconds: number }
  | { readonly kind: 'type'; readonly mime: string }
  | { readonly kind: 'remove'; readonly start: number; readonly end: number }

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

  /** Takes out what lies in between, and what cannot be shown without it. */
  remove(end: number, start = 0): void {
    this.push({ kind: 'remove', start, end })
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
    else if (next.end > next.start) sink.remove(next.start, next.end)
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
    this.operations.unshift({ kind: 'remove', start: 0, end })
  }

  private break(why: Broken): void {
    if (this.done) return
    this.close()
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
