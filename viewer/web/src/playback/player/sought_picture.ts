/**
 * A picture that the playhead is to go to, and whose bytes may have to come first: the one beside, or the
 * first where footage begins, which may be with sound. Pure but for the lanes that are asked.
 */
import { runAt, type Span } from '../spans'
import type { LanePlayer } from './lane'

const LANDING_MS = 2_000 // so much sound may come before the first picture; farther off it is other footage

export class SoughtPicture {
  private by: 1 | -1 | null = null
  private landing = false

  constructor(private readonly lanes: readonly LanePlayer[]) {}

  beside(by: 1 | -1): void {
    this.by = by
    this.landing = false
  }

  first(): void {
    this.by = null
    this.landing = true
  }

  forget(): void {
    this.by = null
    this.landing = false
  }

  /** What has to be fetched for it. */
  path(atMs: number): Span[] {
    const beside = this.by === null ? null : this.leading(atMs).beside(atMs, this.by)
    return beside?.kind === 'missing' ? [{ startMs: beside.atMs, endMs: beside.atMs + 1 }] : []
  }

  /** Where the playhead goes now; null while the bytes are on their way, and where there is nowhere to go. */
  found(atMs: number, playing: boolean): number | null {
    if (this.by !== null) {
      const beside = this.leading(atMs).beside(atMs, this.by)
      if (beside?.kind === 'missing') return null
      this.by = null
      return beside?.atMs ?? null
    }
    return this.landing ? this.landed(atMs, playing) : null
  }

  private landed(atMs: number, playing: boolean): number | null {
    const lane = this.leading(atMs)
    if (lane.status.state === 'loading') return null
    const beside = lane.status.state === 'gap' && !playing ? lane.beside(atMs, 1) : null
    if (beside?.kind === 'missing') return null
    this.landing = false
    return beside !== null && beside.atMs - atMs < LANDING_MS ? beside.atMs : null
  }

  /** The lane whose pictures are meant: the first that has any here. */
  private leading(atMs: number): LanePlayer {
    return (this.lanes.find(({ lane }) => runAt(lane, atMs) !== null) ?? this.lanes[0]) as LanePlayer
  }
}
