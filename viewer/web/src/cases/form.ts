/* A case as the form has it, and as the server takes it. Pure. */
import type { Case } from '@/api/types'

export const FIELDS = ['market_regulation', 'ecology', 'city_management', 'transport', 'emergency'] as const
export const PROCEDURES = ['summary', 'ordinary'] as const
export const OFFICERS_MAX = 8

export interface CaseForm {
  unit: string
  case_no: string
  cause: string
  field: Case['field'] | ''
  procedure: Case['procedure'] | ''
  officers: { name: string; certificate_no: string }[]
  party: string
  externalSystem: string
  externalId: string
  note: string
}

export interface CaseFields {
  unit: string
  case_no: string
  cause: string
  field: Case['field']
  procedure: Case['procedure']
  officers: { name: string; certificate_no: string }[]
  party: string
  external: { system: string; id: string } | null
  note: string
}

export function formOf(of: Case | undefined, unit: string): CaseForm {
  return {
    unit: of?.unit ?? unit,
    case_no: of?.case_no ?? '',
    cause: of?.cause ?? '',
    field: of?.field ?? '',
    procedure: of?.procedure ?? '',
    officers: of === undefined || of.officers.length === 0 ? [{ name: '', certificate_no: '' }] : of.officers.map((one) => ({ ...one })),
    party: of?.party ?? '',
    externalSystem: of?.external?.system ?? '',
    externalId: of?.external?.id ?? '',
    note: of?.note ?? '',
  }
}

/** What the server is sent; null while something that must be there is not. */
export function fieldsOf(form: CaseForm): CaseFields | null {
  const { unit, field, procedure } = form
  const [case_no, cause] = [form.case_no.trim(), form.cause.trim()]
  const [system, id] = [form.externalSystem.trim(), form.externalId.trim()]
  if (unit === '' || case_no === '' || cause === '' || field === '' || procedure === '' || (system === '') !== (id === '')) return null
  const officers = form.officers
    .map((one) => ({ name: one.name.trim(), certificate_no: one.certificate_no.trim() }))
    .filter((one) => one.name !== '' || one.certificate_no !== '')
  const external = system === '' ? null : { system, id }
  return { unit, case_no, cause, field, procedure, officers, party: form.party.trim(), external, note: form.note.trim() }
}
