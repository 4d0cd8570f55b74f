/**
 * The bytes of one group of pictures, in any split, cut into what goes into the source buffers.
 *
 * Fragments are as the archive has them, tracks interleaved. Each picture is given the time up to the
 * next one as its duration: the archive's own is a hint, and MSE drops all up to the next key picture
 * where a step is longer than twice that (live/player/fragment.ts). A picture is therefore held back
 * until the next one is there. What is changed is this page's copy, never the archive's.
 *
 * The group's first picture says by how much media times lie off placed time. Within a group placed
 * time goes on as media time does; the server slews it by less than a thousandth (docs/design/timeline.md).
 */
import { Mp4Error, typeAt, viewOf } from '@/live/player/boxes'
import { type FragmentFacts, readFragments } from '@/live/player/fragment'

const HEADER_BYTES = 8
const BOX_MAX_BYTES = 32 * 1024 * 1024 // a key picture of 4K at the best quality is 4 MB

export interface CutTrack {
  readonly id: number
  readonly kind: 'video' | 'audio'
  readonly timescale: number
}

export interface Cut {
  readonly pictures: Uint8Array<ArrayBuffer>[]
  readonly sound: Uint8Array<ArrayBuffer>[]
  /** Of these pictures, in the order of their bytes: milliseconds since the group's first. */
  readonly shownAtMs: number[]
}

export class GroupCutter {
  private rest = new Uint8Array(0)
  private held: { readonly bytes: Uint8Array<ArrayBuffer>; readonly facts: FragmentFacts } | null = null
  private first: FragmentFacts | null = null
  private readonly video: CutTrack | undefined

  /** `lengthMs`: from the first picture to what comes behind the group. */
  constructor(
    private readonly tracks: readonly CutTrack[],
    private readonly lengthMs: number,
  ) {
    this.video = tracks.find(({ kind }) => kind === 'video')
  }

  /** Media time of the first picture in seconds; null before it came. */
  get firstPtsS(): number | null {
    return this.first === null || this.video === undefined ? null : this.first.firstPts / this.video.timescale
  }

  feed(chunk: Uint8Array): Cut {
    const cut: Cut = { pictures: [], sound: [], shownAtMs: [] }
    this.rest = joined(this.rest, chunk)
    let end = this.endOfFragment()
    while (end > 0) {
      this.take(this.rest.slice(0, end), cut)
      this.rest = this.rest.subarray(end) as Uint8Array<ArrayBuffer>
      end = this.endOfFragment()
    }
    this.rest = this.rest.slice()
    return cut
  }

  /** The group is over: the last picture is shown up to its end. Throws Mp4Error when something is cut off. */
  finish(): Cut {
    if (this.rest.byteLength > 0) throw new Mp4Error(`${this.rest.byteLength} bytes of a fragment without its end`)
    const cut: Cut = { pictures: [], sound: [], shownAtMs: [] }
    if (this.held !== null && this.first !== null && this.video !== undefined) {
      const passed = this.held.facts.decodeTime - this.first.decodeTime
      const left = Math.round((this.lengthMs / 1_000) * this.video.timescale) - passed
      this.give(this.held, Math.max(1, left), cut)
      this.held = null
    }
    return cut
  }

  /** Where the first fragment (up to its mdat) ends, or 0 while it is not whole. */
  private endOfFragment(): number {
    const view = viewOf(this.rest)
    let at = 0
    while (at + HEADER_BYTES <= this.rest.byteLength) {
      const size = view.getUint32(at)
      if (size < HEADER_BYTES || size > BOX_MAX_BYTES) throw new Mp4Error(`box size ${size}`)
      if (at + size > this.rest.byteLength) return 0
      const type = typeAt(view, at + 4)
      at += size
      if (type === 'mdat') return at
    }
    return 0
  }

  private take(bytes: Uint8Array<ArrayBuffer>, cut: Cut): void {
    const facts = readFragments(bytes)[0]
    const track = this.tracks.find(({ id }) => id === facts?.trackId)
    if (facts === undefined || track === undefined) return
    if (track.kind === 'audio') {
      cut.sound.push(bytes)
      return
    }
    this.first ??= facts
    const held = this.held
    if (held !== null) this.give(held, Math.max(1, facts.decodeTime - held.facts.decodeTime), cut)
    this.held = { bytes, facts }
  }

  private give({ bytes, facts }: { bytes: Uint8Array<ArrayBuffer>; facts: FragmentFacts }, ticks: number, cut: Cut): void {
    readFragments(bytes, Math.max(1, Math.round(ticks / facts.samples)))
    cut.pictures.push(bytes)
    const from = this.first?.firstPts ?? facts.firstPts
    cut.shownAtMs.push(((facts.firstPts - from) / (this.video?.timescale ?? 1)) * 1_000)
  }
}

function joined(a: Uint8Array, b: Uint8Array): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(a.byteLength + b.byteLength)
  whole.set(a)
  whole.set(b, a.byteLength)
  return whole
}
