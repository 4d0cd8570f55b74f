/* The one way from a page to /api/v1: JSON in, JSON out, a `Problem` thrown for everything else.

   Not here: what the resources are called (their own files beside this one), what to tell the user (the pages). */
import { Problem, problemFrom, unreachable } from '@/api/problem'

const ROOT = '/api/v1'

export type Query = Record<string, string | number | boolean | null | undefined>

export interface CallOptions {
  query?: Query
  body?: unknown
  /** The ETag of what was read: the change is refused (412) when somebody else was faster. */
  ifMatch?: string
  signal?: AbortSignal
}

export interface Answer<T> {
  data: T
  etag: string
}

let onUnauthorised: () => void = () => undefined

/** Called when a request is answered 401 although we thought we had a session. */
export function whenUnauthorised(callback: () => void): void {
  onUnauthorised = callback
}

export function queryString(query: Query): string {
  const parameters = new URLSearchParams()
  for (const [name, value] of Object.entries(query)) {
    if (value !== null && value !== undefined && value !== '') parameters.set(name, String(value))
  }
  const text = parameters.toString()
  return text === '' ? '' : `?${text}`
}

async function bodyOf(response: Response): Promise<unknown> {
  const type = response.headers.get('content-type') ?? ''
  return type.includes('json') ? await response.json() : await response.text()
}

export async function call<T>(method: string, path: string, options: CallOptions = {}): Promise<Answer<T>> {
  const headers: Record<string, string> = { accept: 'application/json' }
  const request: RequestInit = { method, headers, credentials: 'same-origin' }
  if (options.body !== undefined) {
    headers['content-type'] = 'application/json'
    request.body = JSON.stringify(options.body)
  }
  if (options.ifMatch) headers['if-match'] = options.ifMatch
  if (options.signal) request.signal = options.signal

  let response: Response
  let body: unknown
  try {
    response = await fetch(ROOT + path + queryString(options.query ?? {}), request)
    body = response.status === 204 ? null : await bodyOf(response)
  } catch (error) {
    if (error instanceof DOMException && error.name === 'AbortError') throw error
    throw unreachable()
  }
  if (!response.ok) {
    if (response.status === 401 && path !== '/login') onUnauthorised()
    throw problemFrom(response.status, body)
  }
  return { data: body as T, etag: response.headers.get('etag') ?? '' }
}

export { Problem }
