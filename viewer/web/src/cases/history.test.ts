import { expect, it } from 'vitest'
import { changesOf, spanWords } from './history'

const words = { t: (key: string) => key.split('.').slice(1).join('.'), unitName: (id: string) => `unit ${id}` }
const event = (action: string, changed: Record<string, unknown>) => ({ sequence: 1, at: '', principal: 'user:li', action, changed })

it('tells an edit field by field, from what to what', () => {
  const changed = {
    unit: { from: 'a', to: 'b' },
    field: { from: 'ecology', to: 'transport' },
    external: { from: null, to: { system: 's', id: '1' } },
    officers: { from: [], to: [{ name: 'Wang', certificate_no: '1' }] },
  }
  expect(changesOf(event('case.edit', changed), words)).toEqual([
    { label: 'column.field', from: 'field.ecology', to: 'field.transport' },
    { label: 'column.unit', from: 'unit a', to: 'unit b' },
    { label: 'column.officers', from: '', to: 'Wang 1' },
    { label: 'column.external', from: '', to: 's 1' },
  ])
})

it('tells a creation by what it began with, and leaves out what was empty', () => {
  expect(changesOf(event('case.create', { case_no: '1', note: '', external: null, stages: {} }), words)).toEqual([
    { label: 'column.case_no', from: undefined, to: '1' },
  ])
})

it('says nothing of a change without fields', () => {
  expect(changesOf(event('case.close', {}), words)).toEqual([])
})

it('writes a span with either end open', () => {
  expect([spanWords(null, null), spanWords('nonsense', null)]).toEqual(['', ''])
  expect(spanWords('2026-03-01T00:00:00Z', null)).toMatch(/^2026-0\d-\d\d \d\d:\d\d –$/)
})
