import { expect, it } from 'vitest'
import { caseOf } from './case.fixture'
import { fieldsOf, formOf } from './form'

const filled = { ...formOf(undefined, 'north'), case_no: ' 1 ', cause: 'x', field: 'ecology', procedure: 'summary' } as const

it('sends what was typed, without the space around it and without empty officers', () => {
  const officers = [{ name: ' Wang ', certificate_no: '' }, { name: '', certificate_no: ' ' }]
  expect(fieldsOf({ ...filled, officers })).toMatchObject({
    unit: 'north',
    case_no: '1',
    officers: [{ name: 'Wang', certificate_no: '' }],
    external: null,
  })
})

it.each([{ case_no: ' ' }, { cause: '' }, { unit: '' }, { field: '' as const }, { procedure: '' as const }, { externalId: '1' }])(
  'is not ready while something is missing: %j',
  (missing) => {
    expect(fieldsOf({ ...filled, ...missing })).toBeNull()
  },
)

it('gives back a case as it was', () => {
  const before = caseOf({ officers: [{ name: 'Wang', certificate_no: '1' }], external: { system: 's', id: '1' }, note: 'n' })
  expect(fieldsOf(formOf(before, ''))).toEqual({
    unit: before.unit,
    case_no: before.case_no,
    cause: before.cause,
    field: before.field,
    procedure: before.procedure,
    officers: before.officers,
    party: before.party,
    external: before.external,
    note: before.note,
  })
})
