import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { effectScope, ref, type EffectScope } from 'vue'
import { Problem } from '@/api/problem'
import type { Device } from '@/api/types'
import { editDevice, readDevice, type Versioned } from '@/registry/changes'
import { opening, settle } from './filled_form.fixture'
import { useNameForm } from './name_form'

vi.mock('@/registry/changes', () => ({ readDevice: vi.fn(), editDevice: vi.fn() }))

const named = (name: string): Versioned<Device> => ({ value: { name, model: 'DSJ' } as Device, etag: '"3"' })

describe('the form of a device’s name', () => {
  const device = ref('a')
  const open = ref(false)
  let scope: EffectScope
  let form: ReturnType<typeof useNameForm>
  let asked: ((read: Versioned<Device>) => void)[]

  beforeEach(() => {
    asked = []
    device.value = 'a'
    open.value = false
    vi.mocked(readDevice).mockImplementation(() => new Promise((answer) => asked.push(answer)))
    vi.mocked(editDevice).mockReset().mockResolvedValue()
    scope = effectScope()
    form = scope.run(() => useNameForm(() => device.value, () => open.value))!
  })

  afterEach(() => scope.stop())

  const openFor = opening(device, open)

  it('takes no late answer for the device before, and so saves no name under another device', async () => {
    await openFor('a')
    await openFor('b')
    asked[1]?.(named('gate b'))
    await settle()
    asked[0]?.(named('gate a'))
    await settle()
    expect(form.name.value).toBe('gate b')
    expect(await form.save()).toBe('b')
    expect(editDevice).toHaveBeenCalledExactlyOnceWith('b', { name: 'gate b', model: 'DSJ' }, '"3"')
  })

  it('is not saved before it was filled', async () => {
    await openFor('a')
    await expect(form.save()).rejects.toThrow('not filled')
    expect(editDevice).not.toHaveBeenCalled()
  })

  it('shows what somebody else made of it meanwhile', async () => {
    await openFor('a')
    asked[0]?.(named('old'))
    await settle()
    form.name.value = 'mine'
    vi.mocked(editDevice).mockRejectedValue(new Problem({ title: 'changed', status: 412 }))
    const saved = form.save()
    await settle()
    asked[1]?.(named('theirs'))
    await expect(saved).rejects.toThrow()
    expect([form.filled.value, form.name.value]).toEqual([true, 'theirs'])
  })
})
