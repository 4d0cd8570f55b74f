/* The one way from a page to /api/v1: typed by the server's own description, with a `Problem` thrown for everything
   that is not a success. Use: `await answer(api.GET('/api/v1/units', …))`.

   Not here: what the resources are called by the pages (their own files), what to tell the user (words.ts). */
import createClient from 'openapi-fetch'
import { problemFrom, unreachable } from '@/api/problem'
import { useReach } from '@/api/reach'
import type { paths } from '@/api/schema'

const LOGIN = '/api/v1/login'

let onUnauthorised: () => void = () => undefined

/** Called when a request is answered 401 although we thought we had a session. */
export function whenUnauthorised(callback: () => void): void {
  onUnauthorised = callback
}

export const api = createClient<paths>({ credentials: 'same-origin' })

async function bodyOf(response: Response): Promise<unknown> {
  const text = await response.text()
  try {
    return JSON.parse(text)
  } catch {
    return text // a proxy's page
  }
}

api.use({
  async onResponse({ response, schemaPath }) {
    useReach().answered()
    if (response.ok) return
    if (response.status === 401 && schemaPath !== LOGIN) onUnauthorised()
    throw problemFrom(response.status, await bodyOf(response))
  },
  onError({ error }) {
    if (error instanceof DOMException && error.name === 'AbortError') return error
    useReach().failed()
    return unreachable()
  },
})

interface Fetched<T> {
  data?: T
  response: Response
}

/** The answer's body. */
export async function answer<T>(pending: Promise<Fetched<T>>): Promise<T> {
  return (await pending).data as T // a failure was thrown above
}

/** The body with its version, for a change that must not undo somebody else's. */
export async function versioned<T>(pending: Promise<Fetched<T>>): Promise<{ value: T; etag: string }> {
  const { data, response } = await pending
  return { value: data as T, etag: response.headers.get('etag') ?? '' }
}

/** The header of a change: refused (412) when what it changes is not as it was read. */
export const ifMatch = (etag: string): { 'if-match': string } => ({ 'if-match': etag })

/** The same, for what came in a list: its `version` is its ETag. */
export const ifVersion = (version: number): { 'if-match': string } => ifMatch(`"${version}"`)
