import { beforeEach, describe, expect, it } from 'vitest'
import { WhepMemory } from './memory'

const DEV1 = 'dev1/main'
let memory: WhepMemory

beforeEach(() => {
  memory = new WhepMemory()
})

describe('WhepMemory', () => {
  it('lets every channel be asked of which nothing is known', () => {
    expect(memory.mayAsk(DEV1, 's1', 0)).toBe(true)
    expect(memory.whyNot(DEV1)).toBeNull()
  })

  it('does not ask again for a stream that cannot be carried, and does for the next one', () => {
    memory.note(DEV1, 's1', 'codec', 0, 'b_frames')
    expect(memory.mayAsk(DEV1, 's1', 1e9)).toBe(false)
    expect(memory.whyNot(DEV1)).toEqual({ why: 'codec', detail: 'b_frames' })
    expect(memory.mayAsk('dev2/main', 's9', 0)).toBe(true)
    expect(memory.mayAsk(DEV1, 's2', 0)).toBe(true)
    expect(memory.whyNot(DEV1)).toBeNull()
  })

  it('asks for no channel where UDP is blocked, until the network is another one', () => {
    memory.note(DEV1, 's1', 'blocked', 0)
    expect(memory.mayAsk('dev2/main', 's9', 1e9)).toBe(false)
    expect(memory.whyNot('dev2/main')).toEqual({ why: 'blocked', detail: '' })
    memory.networkChanged()
    expect([memory.mayAsk(DEV1, 's1', 0), memory.mayAsk('dev2/main', 's9', 0)]).toEqual([true, true])
  })

  it('waits longer after each failure, up to a bound, and forgets them once the picture came', () => {
    const waits: number[] = []
    let nowMs = 0
    for (let n = 0; n < 7; n += 1) {
      memory.note(DEV1, 's1', 'lost', nowMs)
      let waited = 0
      while (!memory.mayAsk(DEV1, 's1', nowMs + waited)) waited += 1_000
      waits.push(waited)
      nowMs += waited
    }
    expect(waits).toEqual([10_000, 20_000, 40_000, 80_000, 160_000, 300_000, 300_000])
    memory.works(DEV1)
    memory.note(DEV1, 's1', 'lost', nowMs)
    expect(memory.mayAsk(DEV1, 's1', nowMs + 10_000)).toBe(true)
  })

  it('comes back to a busy server when it said', () => {
    memory.note(DEV1, 's1', 'busy', 0, '', 45_000)
    expect([memory.mayAsk(DEV1, 's1', 44_000), memory.mayAsk(DEV1, 's1', 45_000)]).toEqual([false, true])
  })

  it('asks soon again for a channel that was not sending', () => {
    memory.note(DEV1, 's1', 'not_sending', 0)
    expect([memory.mayAsk(DEV1, 's1', 0), memory.mayAsk(DEV1, 's1', 3_000)]).toEqual([false, true])
  })
})
