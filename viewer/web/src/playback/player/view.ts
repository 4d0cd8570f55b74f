/**
 * The view that the server keeps of what one person plays: opened before the first byte, closed when they leave.
 *
 * When the server has ended it (ten minutes without a request, or a restart) it is opened anew, once
 * for all lanes that find out, with the same purpose.
 */

import type { ViewItem } from '../contract'
import { closeView, openView, readAt, readMedia, readSegment, readThumbnail, type ThumbnailItem, type ViewWanted } from '../server'
import type { LaneDoors } from './lane_loader'

export class View {
  private renewing: Promise<void> | null = null
  private closed = false

  private constructor(
    private readonly wanted: ViewWanted,
    public item: ViewItem,
  ) {}

  static async open(wanted: ViewWanted): Promise<View> {
    return new View(wanted, await openView(wanted))
  }

  doorsOf(device: string): LaneDoors {
    return {
      at: (atMs, signal) => readAt(this.item.id, device, Math.min(atMs, this.wanted.interval.endMs), signal),
      segment: (id, signal) => readSegment(this.item.id, id, signal),
      media: (segment, range, signal) => readMedia(this.item.id, segment, range, signal),
      renew: () => this.renew(),
    }
  }

  thumbnail(device: string, atMs: number, signal: AbortSignal): Promise<ThumbnailItem> {
    return readThumbnail(this.item.id, device, atMs, signal)
  }

  close(): void {
    if (this.closed) return
    this.closed = true
    void closeView(this.item.id)
  }

  renew(): Promise<void> {
    this.renewing ??= openView(this.wanted)
      .then((item) => {
        this.item = item
        if (this.closed) void closeView(item.id)
      })
      .finally(() => (this.renewing = null))
    return this.renewing
  }
}
