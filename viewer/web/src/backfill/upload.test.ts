import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'

import { sendOriginal } from './upload'

const SIZE = 9 * 1024 * 1024
const FILE = Object.assign(new Blob([new Uint8Array(SIZE)]), { name: '现场.mp4' })
const MIB = 1024 * 1024

type Asked = { method: string; offset: string | null; bytes: number }

/** A server that has so many bytes, and does with the next requests what it is told. */
function server(script: (n: number, method: string) => Response | 'break' | null) {
  const asked: Asked[] = []
  let has = 0
  const fetched = vi.fn(async (_path: string, init: RequestInit) => {
    const headers = new Headers(init.headers)
    const bytes = init.body instanceof Blob ? init.body.size : 0
    asked.push({ method: init.method ?? '', offset: headers.get('upload-offset'), bytes })
    const told = script(asked.length, init.method ?? '')
    if (told === 'break') {
      has += bytes / 2
      throw new TypeError('network')
    }
    if (told !== null) return told
    if (init.method === 'POST') return new Response(null, { status: 201, headers: { location: '/api/v1/backfill/uploads/U' } })
    if (init.method === 'PATCH') has += bytes
    const kept: Record<string, string> = has === SIZE ? { 'mingjing-backfill': 'B' } : {}
    return new Response(null, { status: init.method === 'HEAD' ? 200 : 204, headers: { 'upload-offset': String(has), ...kept } })
  })
  vi.stubGlobal('fetch', fetched)
  return asked
}

const steps: [number, boolean][] = []
const watching = () => ({
  progress: (done: number, broken: boolean) => steps.push([done / MIB, broken]),
  signal: new AbortController().signal,
  pause: async () => undefined,
})
const wanted = { device: 'dev1', file: FILE, started: '' }

describe('sending an original', () => {
  beforeEach(() => (steps.length = 0))
  afterEach(() => vi.unstubAllGlobals())

  it('sends pieces until the server says that it is kept', async () => {
    const asked = server(() => null)
    expect(await sendOriginal(wanted, watching())).toBe('B')
    expect(asked.map((one) => one.bytes / MIB)).toEqual([0, 4, 4, 1])
    expect(steps).toEqual([[4, false], [8, false], [9, false]])
  })

  it('asks how far it came when the connection breaks, and goes on from there', async () => {
    const asked = server((n) => (n === 3 ? 'break' : null))
    await sendOriginal(wanted, watching())
    expect(asked.map((one) => one.method)).toEqual(['POST', 'PATCH', 'PATCH', 'HEAD', 'PATCH'])
    expect(asked[4]).toEqual({ method: 'PATCH', offset: String(6 * MIB), bytes: 3 * MIB })
    expect(steps).toContainEqual([4, true])
  })

  it('gives up when nothing comes through any more', async () => {
    server((n) => (n > 1 ? 'break' : null))
    await expect(sendOriginal({ ...wanted, file: FILE }, watching())).rejects.toThrow()
  })

  it('tells what the server says against it', async () => {
    const problem = { type: 'urn:mingjing:problem:no-room', status: 507, detail: 'The recording disk has no room for it.' }
    server(() => new Response(JSON.stringify(problem), { status: 507 }))
    await expect(sendOriginal(wanted, watching())).rejects.toMatchObject({ status: 507 })
  })
})
