import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { Problem } from '@/api/problem'
import { type Found, Thumbnails, type Wish } from './thumbnails'

const wish = (atMs: number): Wish => ({ device: 'd', atMs })
const settled = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 0))

/** A server that answers when the test says so. */
class Doors {
  readonly asked: { atMs: number; signal: AbortSignal; answer: () => void; fail: (error: unknown) => void }[] = []
  renewals = 0

  thumbnail(_: string, atMs: number, signal: AbortSignal): Promise<{ jpeg: Blob; atMs: number }> {
    return new Promise((resolve, reject) => {
      const answer = (): void => resolve({ jpeg: new Blob(), atMs })
      signal.addEventListener('abort', () => reject(signal.reason))
      this.asked.push({ atMs, signal, answer, fail: reject })
    })
  }

  renew(): Promise<void> {
    this.renewals += 1
    return Promise.resolve()
  }
}

const closed: unknown[] = []

beforeEach(() => {
  vi.stubGlobal('createImageBitmap', (blob: Blob) => Promise.resolve({ close: () => closed.push(blob) }))
  vi.stubGlobal('URL', { createObjectURL: () => 'blob:x', revokeObjectURL: () => undefined })
  vi.stubGlobal('window', { setTimeout: () => 0 })
})
afterEach(() => vi.unstubAllGlobals())

it('asks for four at once in their order, and drops what is wanted no more', async () => {
  const doors = new Doors()
  const thumbnails = new Thumbnails(doors)
  thumbnails.want([1, 2, 3, 4, 5].map(wish))
  expect(doors.asked.map(({ atMs }) => atMs)).toEqual([1, 2, 3, 4])
  thumbnails.want([6, 2].map(wish))
  await settled()
  expect(doors.asked.map(({ signal }) => signal.aborted)).toEqual([true, false, true, true, false])
  expect(doors.asked.at(-1)?.atMs).toBe(6)
})

it('keeps what came, and asks for it once', async () => {
  const doors = new Doors()
  const thumbnails = new Thumbnails(doors)
  let changes = 0
  thumbnails.onChange = () => (changes += 1)
  thumbnails.want([wish(1)])
  expect(thumbnails.at(wish(1))).toBeNull()
  doors.asked[0]?.answer()
  await settled()
  expect([(thumbnails.at(wish(1)) as Exclude<Found, string>).atMs, changes]).toEqual([1, 1])
  thumbnails.want([wish(1)])
  expect(doors.asked).toHaveLength(1)
  thumbnails.close()
  expect(closed).toHaveLength(1)
})

it('tells a gap from a picture that nobody can decode, and a view that is over from both', async () => {
  const doors = new Doors()
  const thumbnails = new Thumbnails(doors)
  thumbnails.want([1, 2, 3].map(wish))
  doors.asked[0]?.fail(new Problem({ status: 404, title: '', field: 'time' }))
  doors.asked[1]?.fail(new Problem({ status: 404, title: '', type: 'urn:mingjing:problem:unreadable' }))
  doors.asked[2]?.fail(new Problem({ status: 404, title: '' }))
  await settled()
  expect([1, 2, 3].map((at) => thumbnails.at(wish(at)))).toEqual(['none', 'unreadable', null])
  expect(doors.renewals).toBe(1)
})
