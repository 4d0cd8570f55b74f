import { expect, it } from 'vitest'
import { readFragment } from './device_key'

it('reads device and key of a scanned address', () => {
  expect(readFragment('#device=gate-01&key=ABCdef_-9')).toEqual({ device: 'gate-01', key: 'ABCdef_-9' })
  expect(readFragment('#key=a%2Bb&device=1')).toEqual({ device: '1', key: 'a+b' })
})

it('takes a device without a key: the form asks for the rest', () => {
  expect(readFragment('#device=gate-01')).toEqual({ device: 'gate-01', key: '' })
})

it('takes nonsense for nothing', () => {
  expect(readFragment('')).toBeNull()
  expect(readFragment('#section-2')).toBeNull()
  expect(readFragment('#device=../admin&key=two words')).toEqual({ device: '', key: '' })
  expect(readFragment(`#device=${'a'.repeat(65)}&key=${'k'.repeat(257)}`)).toEqual({ device: '', key: '' })
})
