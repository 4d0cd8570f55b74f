import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { effectScope, nextTick, ref, type EffectScope } from 'vue'
import { Problem } from '@/api/problem'
import type { Source } from '@/api/types'
import { readSource, setSource, type Versioned } from '@/registry/changes'
import { opening, settle } from './filled_form.fixture'
import { useSourceForm } from './source_form'

vi.mock('@/registry/changes', () => ({ readSource: vi.fn(), setSource: vi.fn() }))

type Read = Versioned<Source | null>
const camera = (url: string): Read => ({
  value: { url, user: 'root', has_password: true, transport: 'tcp', fingerprint: '' } as Source,
  etag: '"7"', // the same for all: versions of two devices often are
})

describe('the form of where a camera is fetched from', () => {
  const device = ref('a')
  const open = ref(false)
  let scope: EffectScope
  let form: ReturnType<typeof useSourceForm>
  let asked: { id: string; answer: (read: Read) => void; refuse: (error: unknown) => void }[]

  beforeEach(() => {
    asked = []
    device.value = 'a'
    open.value = false
    vi.mocked(readSource).mockImplementation(
      (id) => new Promise((answer, refuse) => asked.push({ id, answer, refuse })),
    )
    vi.mocked(setSource).mockReset().mockResolvedValue()
    scope = effectScope()
    form = scope.run(() => useSourceForm(() => device.value, () => open.value))!
  })

  afterEach(() => scope.stop())

  const openFor = opening(device, open)

  it('is filled with what the server has and saved as of that version', async () => {
    await openFor('a')
    expect(form.filled.value).toBe(false)
    asked[0]?.answer(camera('rtsp://a/live'))
    await settle()
    expect([form.filled.value, form.url.value, form.user.value]).toEqual([true, 'rtsp://a/live', 'root'])
    form.url.value = ' rtsp://a/other '
    expect(await form.save()).toBe('a')
    const fields = { url: 'rtsp://a/other', user: 'root', password: null, transport: 'tcp', fingerprint: '' }
    expect(setSource).toHaveBeenCalledExactlyOnceWith('a', fields, '"7"')
  })

  it('takes no late answer for the device before', async () => {
    await openFor('a')
    await openFor('b')
    asked[1]?.answer(camera('rtsp://b/live'))
    await settle()
    asked[0]?.answer(camera('rtsp://a/live'))
    await settle()
    expect(asked.map(({ id }) => id)).toEqual(['a', 'b'])
    expect([form.filled.value, form.url.value]).toEqual([true, 'rtsp://b/live'])
  })

  it('cannot be saved while only the answer for the device before has come', async () => {
    await openFor('a')
    await openFor('b')
    asked[0]?.answer(camera('rtsp://a/live'))
    await settle()
    expect([form.filled.value, form.url.value]).toEqual([false, ''])
    await expect(form.save()).rejects.toThrow('not filled')
    expect(setSource).not.toHaveBeenCalled()
  })

  it('is read again when another device comes while it is open, and is not saved for it before', async () => {
    await openFor('a')
    asked[0]?.answer(camera('rtsp://a/live'))
    await settle()
    device.value = 'b'
    expect(form.filled.value).toBe(false)
    await nextTick()
    asked[1]?.answer({ value: null, etag: '"7"' })
    await settle()
    expect([form.filled.value, form.url.value, form.user.value, form.hasPassword.value]).toEqual([true, '', '', false])
  })

  it('takes no late answer over what was typed after it was opened again', async () => {
    await openFor('a')
    await openFor('a')
    asked[1]?.answer(camera('rtsp://a/live'))
    await settle()
    form.url.value = 'rtsp://a/typed'
    asked[0]?.answer(camera('rtsp://a/live'))
    await settle()
    expect(form.url.value).toBe('rtsp://a/typed')
  })

  it('does not overwrite what could not be read, says why, and can be read again', async () => {
    const away = new Problem({ status: 0, title: 'away' })
    await openFor('a')
    asked[0]?.refuse(away)
    await settle()
    form.url.value = 'rtsp://a/typed'
    expect([form.filled.value, form.failure.value]).toEqual([false, away])
    await expect(form.save()).rejects.toThrow('not filled')
    expect([asked.length, vi.mocked(setSource).mock.calls.length]).toEqual([1, 0])
    void form.fill()
    asked[1]?.answer(camera('rtsp://a/live'))
    await settle()
    expect([form.filled.value, form.failure.value, form.url.value]).toEqual([true, null, 'rtsp://a/live'])
  })

  it('has what is there now when somebody else changed it meanwhile', async () => {
    await openFor('a')
    asked[0]?.answer(camera('rtsp://a/live'))
    await settle()
    vi.mocked(setSource).mockRejectedValue(new Problem({ status: 412, title: 'changed' }))
    const saving = expect(form.save()).rejects.toThrow('changed')
    await settle()
    asked[1]?.answer(camera('rtsp://a/theirs'))
    await saving
    expect([form.filled.value, form.url.value]).toEqual([true, 'rtsp://a/theirs'])
  })
})
