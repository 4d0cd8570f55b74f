import { beforeEach, describe, expect, it, vi } from 'vitest'
import type { Gap, Lane, Run } from '../contract'
import type { Beside, LanePlayer, Tick } from './lane'
import { PlaybackPlayer } from './player'
import { NOTHING_SHOWN, type PlayerStatus } from './status'

const DAY = { startMs: 0, endMs: 86_400_000 }
const run = (startMs: number, endMs: number, live = false): Run => ({ startMs, endMs, live })
const gap = (startMs: number, endMs: number): Gap => ({ cause: 'offline', startMs, endMs, ongoing: false, closedBy: [], whole: false })

/** The lowest seam: what a lane does with its <video>. */
class FakeLane {
  lane: Lane
  isReady = true
  ticks: Tick[] = []
  seeks: number[] = []
  pictures: Beside | null = null
  status = NOTHING_SHOWN

  constructor(runs: Run[], gaps: Gap[] = []) {
    this.lane = { device: 'd', name: '', checkpoint: '', runs, gaps, kept: [], originals: [], thinned: false }
  }

  ready = (): boolean => this.isReady
  tick = (tick: Tick): number => this.ticks.push(tick)
  sought = (ms: number): number => this.seeks.push(ms)
  wantSound = (): void => undefined
  beside = (): Beside | null => this.pictures
  groupStart = (ms: number): number => Math.floor(ms / 1_000) * 1_000
  retry = (): void => undefined
  close = (): void => undefined
}

let nowMs = 0
let said: PlayerStatus[] = []
let beat: () => void = () => undefined

beforeEach(() => {
  nowMs = 0
  said = []
  vi.stubGlobal('window', {
    setInterval: (callback: () => void) => {
      beat = callback
      return 1
    },
    clearInterval: () => undefined,
  })
})

function playing(lanes: FakeLane[], atMs: number | null = null): PlaybackPlayer {
  const player = new PlaybackPlayer(lanes as unknown as LanePlayer[], DAY, atMs, () => 0, (status) => said.push(status), () => nowMs)
  player.start()
  return player
}

function pass(ms: number): PlayerStatus {
  for (let left = ms; left > 0; left -= 50) {
    nowMs += Math.min(50, left)
    beat()
  }
  return said[said.length - 1] as PlayerStatus
}

describe('PlaybackPlayer', () => {
  it('begins at the first footage, and stands', () => {
    playing([new FakeLane([run(5_000, 9_000)]), new FakeLane([run(7_000, 9_000)])])
    expect(pass(500)).toMatchObject({ atMs: 5_000, rate: null })
  })

  it('goes on to the first picture where footage begins with sound', () => {
    const lane = new FakeLane([run(5_000, 9_000)])
    playing([lane])
    lane.status = { ...NOTHING_SHOWN, state: 'gap' }
    lane.pictures = { kind: 'missing', atMs: 5_000 }
    expect(pass(200).atMs).toBe(5_000)
    lane.pictures = { kind: 'picture', atMs: 5_180 }
    expect(pass(200).atMs).toBe(5_180)
    lane.pictures = { kind: 'picture', atMs: 5_220 }
    expect(pass(200).atMs).toBe(5_180)
  })

  it('takes all lanes along at one rate', () => {
    const lanes = [new FakeLane([run(0, 60_000)]), new FakeLane([run(0, 60_000)])]
    const player = playing(lanes)
    player.play(4)
    expect(pass(1_000).atMs).toBe(4_000)
    for (const lane of lanes) expect(lane.ticks[lane.ticks.length - 1]).toMatchObject({ atMs: 4_000, rate: 4 })
  })

  it('waits for the lane that is not ready, and loses nothing', () => {
    const [quick, slow] = [new FakeLane([run(0, 60_000)]), new FakeLane([run(0, 60_000)])]
    const player = playing([quick, slow])
    player.play(1)
    pass(1_000)
    slow.isReady = false
    expect(pass(1_000)).toMatchObject({ held: true, atMs: 1_050 })
    slow.isReady = true
    expect(pass(1_000)).toMatchObject({ held: false, atMs: 2_000 })
  })

  it('passes over what no lane has, and says what and why', () => {
    const lanes = [
      new FakeLane([run(0, 2_000), run(20_000, 30_000)], [gap(2_000, 20_000)]),
      new FakeLane([run(0, 4_000), run(21_000, 30_000)], [gap(4_000, 21_000)]),
    ]
    const player = playing(lanes, 1_000)
    player.play(1)
    expect(pass(2_000)).toMatchObject({ atMs: 3_000, missed: null }) // one lane goes on, the other says what it lacks
    const status = pass(1_200)
    expect(status.atMs).toBeGreaterThanOrEqual(20_000)
    expect(status.missed).toMatchObject({ gap: { cause: 'offline' }, toMs: 20_000, skipped: true })
    expect(pass(7_000).missed).toBeNull()
  })

  it('plays over a gap that is shorter than a jump', () => {
    const player = playing([new FakeLane([run(0, 2_000), run(2_500, 9_000)], [gap(2_000, 2_500)])], 1_900)
    player.play(1)
    expect(pass(300)).toMatchObject({ atMs: 2_200, missed: { gap: { startMs: 2_000 }, skipped: false } })
  })

  it('stops behind the last footage', () => {
    const player = playing([new FakeLane([run(0, 2_000)])], 1_500)
    player.play(1)
    expect(pass(1_000).rate).toBeNull()
    player.play(1)
    expect(player.rate).toBeNull()
  })

  it('joins the live edge, goes on with it, and never runs ahead', () => {
    const lane = new FakeLane([run(0, 20_000, true)])
    const player = playing([lane], 0)
    player.toEnd()
    expect(said[said.length - 1]).toMatchObject({ atMs: 18_000, rate: 1, atEdge: true })
    expect(pass(5_000)).toMatchObject({ held: true, atEdge: true })
    expect(player.positionMs()).toBeLessThanOrEqual(20_050)
    lane.lane = { ...lane.lane, runs: [run(0, 25_000, true)] }
    expect(pass(1_000)).toMatchObject({ held: false })
    player.play(8)
    expect(pass(2_000).rate).toBe(1) // what is not there yet cannot be seen faster
  })

  it('steps to the picture beside, and waits for its bytes', () => {
    const lane = new FakeLane([run(0, 9_000)])
    const player = playing([lane], 1_000)
    lane.pictures = { kind: 'missing', atMs: 900 }
    player.step(-1)
    expect(lane.ticks[lane.ticks.length - 1]?.path[0]).toEqual({ startMs: 900, endMs: 901 })
    lane.pictures = { kind: 'picture', atMs: 960 }
    expect(pass(100).atMs).toBe(960)
    expect(pass(500).atMs).toBe(960)
  })

  it('goes back in steps of a group, and stands on its key picture', () => {
    const lane = new FakeLane([run(0, 9_000)])
    const player = playing([lane], 5_500)
    player.play(-2)
    pass(1_000)
    expect(lane.ticks[lane.ticks.length - 1]).toMatchObject({ atMs: 3_000, rate: 0 })
    player.pause()
    expect(player.positionMs()).toBe(3_000)
  })

  it('keeps to the day, and to what there is', () => {
    const player = playing([new FakeLane([run(0, 9_000, true)])], 5_000)
    player.seek(-100)
    expect(player.positionMs()).toBe(0)
    player.seek(50_000)
    expect(player.positionMs()).toBe(9_000)
  })
})
