import { createPinia, setActivePinia } from 'pinia'
import { beforeEach, expect, it, vi } from 'vitest'
import type { SessionInfo } from '@/api/types'
import { whyRefused } from './server_clock'

const answers = new Map<string, { status: number; body: unknown }>()
const session = (actions: string[]): Partial<SessionInfo> => ({ name: 'li', actions: actions as SessionInfo['actions'] })

vi.mock('@/api/client', async () => {
  const { problemFrom, unreachable } = await import('@/api/problem')
  const get = (path: string): Promise<{ data: unknown; response: Response }> => {
    const answer = answers.get(path)
    if (answer === undefined) return Promise.reject(unreachable())
    if (answer.status !== 200) return Promise.reject(problemFrom(answer.status, {}))
    return Promise.resolve({ data: answer.body, response: new Response() })
  }
  return {
    api: { GET: get },
    answer: async (pending: ReturnType<typeof get>) => (await pending).data,
    versioned: async (pending: ReturnType<typeof get>) => ({ value: (await pending).data, etag: '' }),
  }
})

beforeEach(() => {
  setActivePinia(createPinia())
  answers.clear()
})

it.each([
  ['the server is away', null, null, 'away'],
  ['the session is over', 401, null, 'expired'],
  ['the device is not there, or not for this person', 200, 404, 'refused'],
  ['the server cannot record views now', 200, 200, 'away'],
  ['the server went away between the questions', 200, null, 'away'],
])('knows why a picture is refused when %s', async (_, ofSession, ofDevice, why) => {
  if (ofSession !== null) answers.set('/api/v1/session', { status: ofSession, body: session(['live.open']) })
  if (ofDevice !== null) answers.set('/api/v1/devices/{device}', { status: ofDevice, body: {} })
  expect(await whyRefused('dev1')).toBe(why)
})

it('asks for no device on behalf of somebody who may watch none', async () => {
  answers.set('/api/v1/session', { status: 200, body: session([]) })
  answers.set('/api/v1/devices/{device}', { status: 200, body: {} })
  expect(await whyRefused('dev1')).toBe('refused')
})
