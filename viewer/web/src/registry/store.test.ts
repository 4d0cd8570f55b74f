import { createPinia, setActivePinia } from 'pinia'
import { expect, it, vi } from 'vitest'
import type { Device, SessionInfo } from '@/api/types'
import { useEvents } from '@/events/store'
import { useSession } from '@/session/store'
import { useRegistry } from './store'

const asked: string[] = []

vi.mock('@/api/client', () => ({
  api: {
    GET: (path: string, options: { params: { path?: { device?: string } } }) => {
      asked.push(options.params.path?.device ?? path)
      return Promise.resolve({ items: [], next_cursor: null, total: 0 })
    },
  },
  answer: (pending: unknown) => pending,
  versioned: async (pending: Promise<unknown>) => ({ value: await pending, etag: '' }),
}))

it('does not ask for a device that is gone: the server would record a refusal', async () => {
  vi.useFakeTimers()
  vi.stubGlobal('window', globalThis)
  setActivePinia(createPinia())
  useSession().info = { actions: ['device.list'] } as unknown as SessionInfo
  const registry = useRegistry()
  await registry.load()
  registry.devices = [{ id: 'gone' }, { id: 'there' }] as Device[]
  asked.length = 0
  useEvents().apply({ type: 'registry', kind: 'device', id: 'gone', change: 'removed' })
  useEvents().apply({ type: 'registry', kind: 'device', id: 'there', change: 'edited' })
  await vi.runAllTimersAsync()
  expect(asked).toEqual(['there'])
  expect(registry.devices.some((device) => device.id === 'gone')).toBe(false)
})
