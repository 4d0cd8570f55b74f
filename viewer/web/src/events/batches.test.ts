import { beforeEach, describe, expect, it } from 'vitest'
import { BATCH_MAX, BATCH_MS, Batches } from './batches'

/* A clock that the test owns. */
class Stage {
  time = 1_000
  timers = new Map<number, { callback: () => void; at: number }>()
  private next = 1

  now = (): number => this.time
  setTimer = (callback: () => void, delayMs: number): number => {
    this.timers.set(this.next, { callback, at: this.time + delayMs })
    return this.next++
  }
  clearTimer = (timer: number): void => void this.timers.delete(timer)

  wait(ms: number): void {
    this.time += ms
    for (const [timer, { callback, at }] of [...this.timers])
      if (at <= this.time && this.timers.delete(timer)) callback()
  }
}

describe('what comes in a rush', () => {
  let stage: Stage
  let told: (readonly number[])[]
  let batches: Batches<number>

  beforeEach(() => {
    stage = new Stage()
    told = []
    batches = new Batches(stage, (items) => told.push([...items]))
  })

  it('is handed on together, in order, and the first of it at once', () => {
    for (const item of [1, 2, 3]) batches.put(item)
    expect(told).toEqual([[1]])
    stage.wait(BATCH_MS)
    expect(told).toEqual([[1], [2, 3]])
  })

  it('is handed on at the same pace for as long as it lasts', () => {
    for (let item = 0; item < 500; item += 1) {
      batches.put(item)
      stage.wait(1)
    }
    stage.wait(BATCH_MS)
    expect(told.length).toBeLessThanOrEqual(500 / BATCH_MS + 2)
    expect(told.flat()).toEqual(Array.from({ length: 500 }, (_, item) => item))
  })

  it('does not keep what comes alone', () => {
    batches.put(1)
    stage.wait(BATCH_MS)
    batches.put(2)
    expect(told).toEqual([[1], [2]])
  })

  it('is handed on before its time to who asks', () => {
    for (const item of [1, 2]) batches.put(item)
    batches.handOn()
    stage.wait(BATCH_MS)
    expect(told).toEqual([[1], [2]])
  })

  it('does not wait without bound where the timer does not come', () => {
    for (let item = 0; item <= BATCH_MAX; item += 1) batches.put(item)
    expect(told.map((items) => items.length)).toEqual([1, BATCH_MAX])
  })

  it('is dropped with who waits for it', () => {
    for (const item of [1, 2]) batches.put(item)
    batches.drop()
    stage.wait(BATCH_MS)
    expect(told).toEqual([[1]])
  })

  it('ends where it is dropped while it is gone through', () => {
    const seen: number[] = []
    batches = new Batches(stage, (items) => {
      for (const item of items) {
        seen.push(item)
        if (item === 2) batches.drop()
      }
    })
    for (const item of [1, 2, 3]) batches.put(item)
    stage.wait(BATCH_MS)
    expect(seen).toEqual([1, 2])
    stage.wait(BATCH_MS)
    batches.put(4)
    expect(seen).toEqual([1, 2, 4])
  })
})
