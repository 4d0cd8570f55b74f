import { describe, expect, it } from 'vitest'
import { LiveEdge, type TimeRange } from './edge'

/** A link and a screen in one second of arithmetic: pictures come, the clock runs at the rate decided. */
class Rehearsal {
  readonly edge = new LiveEdge()
  nowMs = 0
  position = 0
  rate = 1
  jumps = 0
  late = 0
  private readonly arrivals: { atMs: number; pts: number }[] = []

  /** Pictures from `from` to `to` seconds every `step` seconds, each `wayMs` after its time. */
  send(from: number, to: number, step: number, wayMs: (pts: number) => number): this {
    for (let n = 0; from + n * step < to - 1e-9; n += 1) {
      const pts = from + n * step
      this.arrivals.push({ atMs: pts * 1_000 + wayMs(pts), pts })
    }
    this.arrivals.sort((a, b) => a.atMs - b.atMs)
    return this
  }

  run(untilMs: number): this {
    while (this.nowMs < untilMs) {
      this.nowMs += 10
      if (Number.isFinite(this.edge.edge)) this.position += (this.rate * 10) / 1_000
      while ((this.arrivals[0]?.atMs ?? Infinity) <= this.nowMs) {
        const { pts } = this.arrivals.shift() as { pts: number }
        if (this.position > pts + 0.04 && Number.isFinite(this.edge.edge)) this.late += 1
        this.edge.arrived(this.nowMs, this.position, pts, pts)
      }
      const step = this.edge.decide(this.nowMs, this.position, this.ranges())
      this.rate = step.rate
      if (step.jumpTo !== null) {
        this.position = step.jumpTo
        this.jumps += 1
      }
    }
    return this
  }

  private ranges(): TimeRange[] {
    return Number.isFinite(this.edge.edge) ? [{ start: 0, end: this.edge.edge + 1 }] : []
  }

  get behind(): number {
    return this.edge.edge - this.position
  }
}

const steady = () => 20

describe('LiveEdge', () => {
  it('stands a fraction of a second behind a steady link', () => {
    const { behind, late } = new Rehearsal().send(0, 30, 0.04, steady).run(29_000)
    expect(behind).toBeGreaterThan(0.02)
    expect(behind).toBeLessThan(0.45)
    expect(late).toBeLessThan(3)
  })

  it('begins at the live edge though the first pictures are four seconds old', () => {
    const rehearsal = new Rehearsal()
    rehearsal.position = 0
    rehearsal.send(0, 4, 0.04, (pts) => 4_000 - pts * 1_000).send(4, 30, 0.04, steady)
    rehearsal.run(5_500)
    expect(rehearsal.behind).toBeLessThan(0.6)
    expect(rehearsal.jumps).toBeGreaterThan(0)
  })

  it('takes no picture late when 25 pictures a second become 5', () => {
    const rehearsal = new Rehearsal().send(0, 10, 0.04, steady).send(10, 20, 0.2, steady)
    rehearsal.run(9_900)
    rehearsal.late = 0
    expect(rehearsal.run(19_900).late).toBe(0)
    expect(rehearsal.jumps).toBeLessThanOrEqual(1)
  })

  it.each([0.2, 0.9])('loses no picture over a hole of %s s in the media times, and comes back near the edge', (hole) => {
    const rehearsal = new Rehearsal().send(0, 10, 0.04, steady).send(10 + hole, 40, 0.04, steady)
    rehearsal.run(9_900)
    rehearsal.late = 0
    rehearsal.jumps = 0
    rehearsal.run(39_000)
    expect(rehearsal.late).toBe(0)
    expect(rehearsal.jumps).toBe(0)
    expect(rehearsal.behind).toBeLessThan(0.5)
  })

  it('waits on the last picture while the link is silent, and shows all of a short burst', () => {
    const rehearsal = new Rehearsal()
      .send(0, 10, 0.04, steady)
      .send(10, 11.5, 0.04, (pts) => 20 + (11.5 - pts) * 1_000)
      .send(11.5, 40, 0.04, steady)
    rehearsal.run(9_900)
    rehearsal.late = 0
    rehearsal.run(11_400)
    expect(rehearsal.rate).toBe(0)
    rehearsal.run(39_000)
    expect(rehearsal.late).toBe(0)
    expect(rehearsal.behind).toBeLessThan(0.6)
  })

  it('jumps to the edge after a burst of ten seconds', () => {
    const rehearsal = new Rehearsal()
      .send(0, 10, 0.04, steady)
      .send(10, 20, 0.04, (pts) => 20 + (20 - pts) * 1_000)
      .send(20, 30, 0.04, steady)
    rehearsal.run(10_500)
    rehearsal.jumps = 0
    rehearsal.run(22_500)
    expect(rehearsal.jumps).toBeGreaterThan(0)
    expect(rehearsal.behind).toBeLessThan(3)
  })

  it('keeps a longer buffer on a link that jitters, and gives it back', () => {
    const rough = (pts: number) => 20 + ((pts * 25 * 7919) % 10) * 40 // up to 380 ms
    const rehearsal = new Rehearsal().send(0, 30, 0.04, rough).send(30, 80, 0.04, steady)
    rehearsal.run(15_000)
    rehearsal.late = 0
    rehearsal.run(29_500)
    expect(rehearsal.late).toBe(0)
    rehearsal.run(79_000)
    expect(rehearsal.behind).toBeLessThan(0.45)
  })

  it('leaves a small surplus alone while somebody listens', () => {
    const edge = new LiveEdge()
    for (let n = 0; n < 40; n += 1) edge.arrived(n * 40, n * 0.04, n * 0.04 + 0.5, n * 0.04 + 0.5)
    const ranges = [{ start: 0, end: 9 }]
    expect(edge.decide(1_600, 1.6, ranges, true).rate).toBe(1)
    expect(edge.decide(1_600, 1.6, ranges, false).rate).toBe(1.05)
  })

  it('goes on in the later range when it is stranded in a hole', () => {
    const edge = new LiveEdge()
    edge.arrived(0, 0, 0, 0)
    edge.arrived(10, 0, 30, 30)
    edge.arrived(20, 0, 30.5, 30.5)
    const ranges = [{ start: 0, end: 1 }, { start: 30, end: 31.5 }]
    expect(edge.decide(30, 0.97, ranges).jumpTo).toBeCloseTo(30.3)
    expect(edge.decide(30, 12, ranges).jumpTo).toBeCloseTo(30.3)
    expect(new LiveEdge().decide(0, 0, [])).toEqual({ rate: 1, jumpTo: null })
  })
})
