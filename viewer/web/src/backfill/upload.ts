/* Sends a file in pieces (tus 1.0.0) and goes on where the server has it when the connection breaks. A piece is some seconds
   of a slow uplink; the server is asked how far it came after each break. Not here: what is shown of it. */
import { type Problem, problemFrom, unreachable } from '@/api/problem'

const DOOR = '/api/v1/backfill/uploads'
const TUS = { 'Tus-Resumable': '1.0.0' }
const PIECE_BYTES = 4 * 1024 * 1024
const TRIES_MAX = 10 // breaks one after the other without a byte in between: half a minute
const RETRY_MS = 3_000

export interface Wanted {
  device: string
  file: Blob & { name: string }
  /** ISO 8601 with a zone; empty: the file says it. */
  started: string
}

export interface Watching {
  progress: (done: number, broken: boolean) => void
  signal: AbortSignal
  /** Of tests. */
  pause?: (ms: number) => Promise<void>
}

/** The id under which the server keeps it. Throws a Problem where it does not take it. */
export async function sendOriginal(wanted: Wanted, watching: Watching): Promise<string> {
  const size = wanted.file.size
  const begun = await begin(wanted, watching)
  const pause = watching.pause ?? ((ms: number) => new Promise((done) => setTimeout(done, ms)))
  let offset = 0
  let tries = 0
  for (;;) {
    const response = await ask('PATCH', begun, watching, { 'Upload-Offset': String(offset), 'Content-Type': 'application/offset+octet-stream' }, wanted.file.slice(offset, offset + PIECE_BYTES))
    const kept = response?.headers.get('mingjing-backfill')
    if (response?.ok && kept) {
      watching.progress(size, false)
      return kept
    }
    if (response?.ok) {
      offset = Number(response.headers.get('upload-offset'))
      tries = 0
      watching.progress(offset, false)
      continue
    }
    if (response !== null && !mayPass(response.status)) throw await problemOf(response)
    if (++tries > TRIES_MAX) throw unreachable()
    watching.progress(offset, true)
    await pause(RETRY_MS)
    const told = await ask('HEAD', begun, watching)
    if (told?.ok) {
      const whole = told.headers.get('mingjing-backfill')
      if (whole) return whole
      offset = Number(told.headers.get('upload-offset'))
    } else if (told !== null && !mayPass(told.status)) throw await problemOf(told)
  }
}

/** What another try may mend: the link, a busy server, an offset that is another than we believe. */
const mayPass = (status: number): boolean => [408, 409, 423, 429, 502, 503, 504].includes(status)

async function begin({ device, file, started }: Wanted, watching: Watching): Promise<string> {
  const words = [`filename ${base64(file.name)}`, ...(started === '' ? [] : [`started ${base64(started)}`])]
  const headers = { 'Upload-Length': String(file.size), 'Upload-Metadata': words.join(',') }
  const response = await ask('POST', `${DOOR}?${new URLSearchParams({ device })}`, watching, headers)
  if (response === null) throw unreachable()
  if (!response.ok) throw await problemOf(response)
  return response.headers.get('location') ?? ''
}

/** null: the server cannot be reached. */
async function ask(method: string, path: string, { signal }: Watching, headers: Record<string, string> = {}, body?: Blob): Promise<Response | null> {
  try {
    return await fetch(path, { method, headers: { ...TUS, ...headers }, signal, ...(body ? { body } : {}) })
  } catch (error) {
    if (signal.aborted) throw error
    return null
  }
}

async function problemOf(response: Response): Promise<Problem> {
  const text = await response.text()
  try {
    return problemFrom(response.status, JSON.parse(text))
  } catch {
    return problemFrom(response.status, text)
  }
}

function base64(text: string): string {
  return btoa(String.fromCharCode(...new TextEncoder().encode(text)))
}
