import { describe, expect, it } from 'vitest'
import { Problem } from '@/api/problem'
import type { AtItem, Lane, SegmentItem } from '../contract'
import { type LaneDoors, LaneLoader } from './lane_loader'

const iso = (ms: number): string => new Date(ms).toISOString()
const EVERYTHING = [{ startMs: 0, endMs: 10_000 }]

function item(id: string, startMs: number, more: Partial<SegmentItem> = {}): SegmentItem {
  const groups = [0, 1, 2].map((n) => ({
    first_sequence: n,
    start_ms: startMs + n * 1_000,
    end_ms: startMs + n * 1_000 + 1_000,
    offset: 100 + n * 10,
    length: 10,
    pictures: 25,
    key: true,
    device_offset_ms: null,
  }))
  return {
    segment: id, stream: 's', device: 'd', channel: 'main', start: iso(startMs), end: iso(startMs + 3_000), sealed: true,
    missing: false, next: null, size_bytes: 130, digest: null, tracks: [], gaps: [], groups, ...more,
  }
}

class World implements LaneDoors {
  asked: string[] = []
  taken: string[] = []
  renewed = 0
  nowMs = 0
  fails: Problem[] = []
  renewalFails = false
  segments: Record<string, SegmentItem> = { a: item('a', 0) }
  where: AtItem = { segment: 'a', next: null, gap: null }
  chunks: number[] = [10]
  readonly have = new Set<string>()
  readonly lane: Lane = { device: 'd', name: '', checkpoint: '', runs: [{ startMs: 0, endMs: 3_000, live: false }], gaps: [], kept: [], originals: [], thinned: false }
  readonly loader = new LaneLoader(
    this,
    {
      onGroup: (_, group) => ({
        feed: (bytes) => this.taken.push(`${group.startMs}+${bytes.byteLength}`),
        finish: () => this.have.add(group.key),
        drop: () => this.taken.push(`${group.startMs} dropped`),
      }),
      onSegment: () => undefined,
      onGap: ({ cause }) => this.taken.push(cause),
    },
    () => this.nowMs,
  )

  private failing(): void {
    const problem = this.fails.shift()
    if (problem !== undefined) throw problem
  }

  async at(atMs: number): Promise<AtItem> {
    this.asked.push(`at ${atMs}`)
    this.failing()
    return this.where
  }

  async segment(id: string): Promise<SegmentItem> {
    this.asked.push(id)
    this.failing()
    const found = this.segments[id]
    if (found === undefined) throw new Problem({ status: 404, title: 'no such segment' })
    return found
  }

  async *media(_: string, { offset, length }: { offset: number; length: number }, signal: AbortSignal): AsyncGenerator<Uint8Array> {
    this.asked.push(`${offset}+${length}`)
    this.failing()
    let left = length
    for (const size of this.chunks) {
      await Promise.resolve()
      signal.throwIfAborted()
      left -= size
      yield new Uint8Array(size)
    }
    if (left > 0) yield new Uint8Array(left)
  }

  async renew(): Promise<void> {
    this.renewed += 1
    if (this.renewalFails) throw new Problem({ status: 403, title: 'not any more' })
  }

  async tick(atMs = 500, times = 1): Promise<void> {
    for (let n = 0; n < times; n += 1) {
      this.loader.tick(this.lane, atMs, EVERYTHING, this.have, () => true, false)
      for (let turns = 0; turns < 40; turns += 1) await Promise.resolve()
    }
  }
}

const problem = (status: number): Problem => new Problem({ status, title: 'x' })

describe('LaneLoader', () => {
  it('finds the segment, brings the first group alone, then the others in one piece', async () => {
    const world = new World()
    await world.tick(500, 4)
    expect(world.asked).toEqual(['at 0', 'a', '100+10', '110+20'])
    expect([...world.have].length).toBe(3)
    expect(world.loader.busy).toBe(false)
  })

  it('hands bytes over as they come, and to each group its own', async () => {
    const world = new World()
    await world.tick(500, 2)
    world.chunks = [3, 9, 2]
    await world.tick()
    expect(world.taken.slice(1)).toEqual(['1000+3', '1000+7', '2000+2', '2000+2', '2000+6'])
  })

  it('drops what nobody waits for any more', async () => {
    const world = new World()
    await world.tick()
    world.loader.tick(world.lane, 500, EVERYTHING, world.have, () => true, false)
    expect(world.loader.isFor(500)).toBe(true)
    expect(world.loader.isFor(1_500)).toBe(false)
    world.loader.drop()
    await Promise.resolve()
    await world.tick(500, 3)
    expect(world.loader.trouble).toBeNull()
    expect(world.have.size).toBe(3)
  })

  it('waits while the server is away, says so, and tries again', async () => {
    const world = new World()
    world.fails = [problem(0)]
    await world.tick(500, 3)
    expect(world.loader.trouble?.kind).toBe('away')
    expect(world.asked.length).toBe(1)
    world.nowMs = 2_000
    await world.tick()
    expect(world.loader.trouble).toBeNull()
  })

  it('has the view opened anew when the server knows it no more', async () => {
    const world = new World()
    world.fails = [problem(404)]
    await world.tick(500, 2)
    expect(world.renewed).toBe(1)
    expect(world.loader.trouble).toBeNull()
  })

  it('asks no more when the right is gone, until somebody tries again', async () => {
    const world = new World()
    world.fails = [problem(404)]
    world.renewalFails = true
    await world.tick()
    expect(world.loader.trouble?.kind).toBe('refused')
    world.nowMs = 60_000
    await world.tick()
    expect(world.asked.length).toBe(1)
    world.loader.hurry()
    await world.tick()
    expect(world.loader.trouble).toBeNull()
  })

  it('remembers a file that is gone, and goes on behind it', async () => {
    const world = new World()
    await world.tick()
    world.fails = [problem(410)]
    await world.tick(500, 3)
    expect(world.loader.segments.at(500)?.missing).toBe(true)
    expect(world.asked.filter((one) => one.includes('+')).length).toBe(1)
  })

  it('does not ask again for a segment that is no more', async () => {
    const world = new World()
    world.segments = {}
    await world.tick(500, 8)
    expect(world.asked.filter((one) => one === 'a').length).toBeLessThanOrEqual(3)
    expect(world.loader.segments.gone('a') || world.loader.trouble !== null).toBe(true)
  })

  it('asks again a millisecond later where the next footage begins within this one', async () => {
    const world = new World()
    world.where = { segment: null, next: { segment: 'a', start: iso(0) }, gap: null }
    await world.tick()
    world.where = { segment: 'a', next: null, gap: null }
    await world.tick(0, 2)
    expect(world.asked.slice(0, 3)).toEqual(['at 0', 'at 1', 'a'])
  })

  it('asks once why a moment has no footage, and looks behind what is known when the device is on line again', async () => {
    const world = new World()
    await world.tick(500, 4)
    await world.tick(5_000, 3)
    expect(world.asked.slice(4)).toEqual(['at 5000', 'a'])
    world.segments = { b: item('b', 7_000, { sealed: false }) }
    world.where = { segment: null, next: { segment: 'b', start: iso(7_000) }, gap: null }
    world.loader.lookForNews()
    await world.tick(5_000, 2)
    expect(world.asked.slice(6)).toEqual(['at 3001', 'b'])
  })

  it('is told of the gap that a moment lies in', async () => {
    const world = new World()
    world.where = { segment: null, next: { segment: 'a', start: iso(0) }, gap: { cause: 'stalled', start: iso(0), end: iso(2_000), ongoing: false, closed_by: [], whole: false } }
    await world.tick()
    expect(world.taken).toContain('stalled')
  })
})
