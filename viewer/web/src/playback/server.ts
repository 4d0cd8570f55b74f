/* The server's doors of playback. Failures are thrown as `Problem`, as everywhere (api/client.ts).

   A view is one person, some devices, an interval and a purpose: it is on record before the first byte comes. */
import { answer, api } from '@/api/client'
import { Problem } from '@/api/problem'
import type { CaseFootage, Officer } from '@/api/types'
import type { AtItem, ChannelName, SegmentItem, ViewItem } from './contract'
import { type Shift, shiftsFrom } from './shifts'
import type { Span } from './spans'

export interface ViewWanted {
  readonly devices: readonly string[]
  readonly channel: ChannelName
  readonly interval: Span
  readonly purpose: string
  /** The case at hand; empty: none. */
  readonly case: string
}

/** What this officer carried in the interval. */
export async function readShifts(officer: string, channel: ChannelName, { startMs, endMs }: Span, caseId: string): Promise<readonly Shift[]> {
  const interval = { from: new Date(startMs).toISOString(), to: new Date(endMs).toISOString() }
  const query = { officer, channel, ...interval, ...(caseId === '' ? {} : { case: caseId }) }
  return shiftsFrom((await answer(api.GET('/api/v1/timeline', { params: { query } }))).lanes)
}

export async function findOfficers(q: string): Promise<readonly Officer[]> {
  return (await answer(api.GET('/api/v1/officers', { params: { query: { q } } }))).items
}

/** What the case opens: its number, its time, its clips. */
export function readCaseFootage(caseId: string): Promise<CaseFootage> {
  return answer(api.GET('/api/v1/cases/{case}/footage', { params: { path: { case: caseId } } }))
}

const MEDIA = '/api/v1/playback/{view}/segments/{segment}/media'

export function openView({ devices, channel, interval, purpose, case: caseId }: ViewWanted): Promise<ViewItem> {
  const body = {
    devices: [...devices],
    channel,
    from: new Date(interval.startMs).toISOString(),
    to: new Date(interval.endMs).toISOString(),
    purpose,
    case: caseId,
  }
  return answer(api.POST('/api/v1/playback', { body }))
}

/** Also when the page goes away: the server counts what is left open. */
export async function closeView(view: string): Promise<void> {
  try {
    await api.DELETE('/api/v1/playback/{view}', { params: { path: { view } }, keepalive: true })
  } catch (error) {
    if (!(error instanceof Problem)) throw error // it ends by itself after ten minutes
  }
}

export function readAt(view: string, device: string, atMs: number, signal: AbortSignal): Promise<AtItem> {
  const query = { device, time: new Date(Math.floor(atMs)).toISOString() }
  return answer(api.GET('/api/v1/playback/{view}/at', { params: { path: { view }, query }, signal }))
}

export function readSegment(view: string, segment: string, signal: AbortSignal): Promise<SegmentItem> {
  return answer(api.GET('/api/v1/playback/{view}/segments/{segment}', { params: { path: { view, segment } }, signal }))
}

export interface ThumbnailItem {
  readonly jpeg: Blob
  /** Of the picture that was made small. */
  readonly atMs: number
}

export async function readThumbnail(view: string, device: string, atMs: number, signal: AbortSignal): Promise<ThumbnailItem> {
  const query = { device, time: new Date(Math.floor(atMs)).toISOString() }
  const { data, response } = await api.GET('/api/v1/playback/{view}/thumbnail', {
    params: { path: { view }, query },
    signal,
    parseAs: 'blob',
  })
  return { jpeg: data as unknown as Blob, atMs: Date.parse(response.headers.get('picture-start') ?? '') }
}

export interface ByteRange {
  readonly offset: number
  readonly length: number
}

/** Bytes of the segment's file as they come. */
export async function* readMedia(view: string, segment: string, range: ByteRange, signal: AbortSignal): AsyncGenerator<Uint8Array> {
  const headers = { range: `bytes=${range.offset}-${range.offset + range.length - 1}` }
  const { data, response } = await api.GET(MEDIA, {
    params: { path: { view, segment } },
    headers,
    signal,
    parseAs: 'stream',
  })
  if (response.status !== 206) throw new Problem({ status: response.status, title: 'not the range that was asked for' })
  const reader = (data as unknown as ReadableStream<Uint8Array>).getReader()
  try {
    for (let read = await reader.read(); !read.done; read = await reader.read()) yield read.value
  } finally {
    void reader.cancel().catch(() => undefined)
  }
}
