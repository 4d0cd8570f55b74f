import { expect, it } from 'vitest'
import { exportAddress } from './reader'

const NOTHING = { q: '', unit: '', field: '', procedure: '', status: '', from: '', to: '', sort: '-begun' }

it('asks for the same cases as a file', () => {
  expect(exportAddress(NOTHING)).toBe('/api/v1/cases/export')
  expect(exportAddress({ ...NOTHING, q: '罚 1&x', unit: 'north' })).toBe('/api/v1/cases/export?q=%E7%BD%9A+1%26x&unit=north')
})
