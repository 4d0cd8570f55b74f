import { describe, expect, it } from 'vitest'
import { AppendQueue, type Broken, type Sink } from './append_queue'

class FakeSink implements Sink {
  updating = false
  log: string[] = []
  full = 0
  taken = false
  private offset = 0
  private listeners: Record<string, (() => void)[]> = {}

  get timestampOffset(): number {
    return this.offset
  }

  set timestampOffset(seconds: number) {
    this.refuseWhileUpdating()
    this.offset = seconds
    this.log.push(`offset ${seconds}`)
  }

  appendBuffer(data: BufferSource): void {
    this.refuseWhileUpdating()
    if (this.full > 0) {
      this.full -= 1
      throw new DOMException('full', 'QuotaExceededError')
    }
    this.log.push(`append ${[...(data as Uint8Array)].join(',')}`)
    this.updating = true
  }

  remove(start: number, end: number): void {
    this.refuseWhileUpdating()
    this.log.push(`remove ${start}-${end}`)
    this.updating = true
  }

  changeType(mime: string): void {
    this.refuseWhileUpdating()
    this.log.push(`type ${mime}`)
  }

  addEventListener(type: 'updateend' | 'error', listener: () => void): void {
    ;(this.listeners[type] ??= []).push(listener)
  }

  say(type: 'updateend' | 'error'): void {
    this.updating = false
    for (const listener of this.listeners[type] ?? []) listener()
  }

  private refuseWhileUpdating(): void {
    if (this.updating || this.taken) throw new DOMException('busy', 'InvalidStateError')
  }
}

function queue(forgetBefore = 5): { queue: AppendQueue; sink: FakeSink; broken: Broken[] } {
  const broken: Broken[] = []
  return { queue: new AppendQueue((why) => broken.push(why), () => forgetBefore), sink: new FakeSink(), broken }
}

const bytes = (...values: number[]) => new Uint8Array(values)

describe('AppendQueue', () => {
  it('keeps what comes before the sink is there, and appends it in one piece', () => {
    const { queue: q, sink } = queue()
    q.append(bytes(1))
    q.append(bytes(2, 3))
    q.attach(sink)
    expect(sink.log).toEqual(['append 1,2,3'])
  })

  it('does one thing at a time, in order', () => {
    const { queue: q, sink, broken } = queue()
    q.attach(sink)
    q.append(bytes(1))
    q.shift(7)
    q.append(bytes(2))
    q.remove(3)
    q.changeType('video/x')
    q.append(bytes(4))
    expect(sink.log).toEqual(['append 1'])
    sink.say('updateend')
    expect(sink.log.slice(1)).toEqual(['offset 7', 'append 2'])
    sink.say('updateend')
    expect(sink.log.slice(3)).toEqual(['remove 0-3'])
    sink.say('updateend')
    expect(sink.log.slice(4)).toEqual(['type video/x', 'append 4'])
    expect(broken).toEqual([])
  })

  it('makes space once when the browser has none, and appends the same bytes again', () => {
    const { queue: q, sink, broken } = queue(5)
    sink.full = 1
    q.attach(sink)
    q.append(bytes(1))
    expect(sink.log).toEqual(['remove 0-5'])
    sink.say('updateend')
    expect(sink.log).toEqual(['remove 0-5', 'append 1'])
    expect(broken).toEqual([])
  })

  it('gives up when space was made in vain, or there is none to make', () => {
    const inVain = queue(5)
    inVain.sink.full = 2
    inVain.queue.attach(inVain.sink)
    inVain.queue.append(bytes(1))
    inVain.sink.say('updateend')
    expect(inVain.broken).toEqual(['quota'])

    const none = queue(0)
    none.sink.full = 1
    none.queue.attach(none.sink)
    none.queue.append(bytes(1))
    expect(none.broken).toEqual(['quota'])
  })

  it('says once that the sink broke, and takes nothing more', () => {
    const { queue: q, sink, broken } = queue()
    q.attach(sink)
    q.append(bytes(1))
    sink.taken = true
    q.append(bytes(2))
    sink.say('updateend')
    sink.say('error')
    q.append(bytes(3))
    expect(broken).toEqual(['media'])
    expect(q.pending).toBe(0)
  })

  it('takes out of the middle as well, and nothing where there is nothing between', () => {
    const { queue: q, sink } = queue()
    q.attach(sink)
    q.remove(9, 4)
    sink.say('updateend')
    q.remove(4, 4)
    expect(sink.log).toEqual(['remove 4-9'])
  })

  it('is bounded', () => {
    const { queue: q, broken } = queue()
    for (let n = 0; n < 2_000 && broken.length === 0; n += 1) q.append(bytes(1))
    expect(broken).toEqual(['overflow'])
    expect(q.pending).toBe(0)
  })
})
