import { describe, expect, it } from 'vitest'
import { countUp, isDeviceId, proposeId } from './device_id'

describe('a device id', () => {
  it.each(['dev1', 'A', '33010600001320000001', 'gate_1-b', 'x'.repeat(64)])('may be %s', (id) => {
    expect(isDeviceId(id)).toBe(true)
  })

  it.each(['', '-a', '_a', 'a b', 'a/b', '../a', '设备', 'x'.repeat(65)])('may not be %j', (id) => {
    expect(isDeviceId(id)).toBe(false)
  })
})

describe('counting up', () => {
  it('keeps the width', () => {
    expect(countUp('gate-09')).toBe('gate-10')
    expect(countUp('gate-99')).toBe('gate-100')
  })

  it('does not lose digits of a GB/T 28181 id', () => {
    expect(countUp('33010600001320000009')).toBe('33010600001320000010')
  })
})

describe('the proposed id', () => {
  it('follows the newest at the checkpoint', () => {
    expect(proposeId('g25', ['cam-2', 'cam-10'], new Set(['cam-2', 'cam-10']))).toBe('cam-11')
  })

  it('begins with the id of the checkpoint', () => {
    expect(proposeId('g25', [], new Set())).toBe('g25-01')
  })

  it('does not repeat what is taken elsewhere', () => {
    expect(proposeId('g25', [], new Set(['g25-01', 'g25-02']))).toBe('g25-03')
  })

  it('does not put a machine-made id into the mouths of people', () => {
    expect(proposeId('01JCXYZ0123456789ABCDEFGHJ', [], new Set())).toBe('device-01')
  })
})
