/* Every change of cases that the pages can make, each of the version that was read. */
import { answer, api, ifVersion } from '@/api/client'
import type { Case, CaseEvent, ImportPreview, Stage } from '@/api/types'
import type { CaseFields } from '@/cases/form'

const at = (id: string) => ({ path: { case: id } })
const shown = ({ id, version }: Case) => ({ ...at(id), header: ifVersion(version) })

export const readCase = (id: string): Promise<Case> => answer(api.GET('/api/v1/cases/{case}', { params: at(id) }))

export const addCase = (fields: CaseFields): Promise<Case> => answer(api.POST('/api/v1/cases', { body: { ...fields, stages: {} } }))

export const editCase = (of: Case, fields: CaseFields): Promise<Case> =>
  answer(api.PATCH('/api/v1/cases/{case}', { params: shown(of), body: fields }))

export const setTimes = (of: Case, stage: Stage, begin: string | null, end: string | null): Promise<Case> =>
  answer(api.PATCH('/api/v1/cases/{case}', { params: shown(of), body: { stages: { [stage]: { begin, end } } } }))

export const closeCase = (of: Case): Promise<Case> => answer(api.POST('/api/v1/cases/{case}/close', { params: shown(of) }))

export const reopenCase = (of: Case): Promise<Case> => answer(api.POST('/api/v1/cases/{case}/reopen', { params: shown(of) }))

export const readHistory = async (id: string): Promise<CaseEvent[]> =>
  (await answer(api.GET('/api/v1/cases/{case}/history', { params: at(id) }))).items

/** The file goes as it is: its letters are the server's to read. */
export const previewFile = (file: Blob, unit: string): Promise<ImportPreview> =>
  answer(
    api.POST('/api/v1/cases/import/preview', {
      params: { query: { unit: unit || null } },
      body: file as unknown as string,
      bodySerializer: (body: unknown) => body as BodyInit,
      headers: { 'Content-Type': 'text/csv' },
    }),
  )

export const takeFile = (digest: string): Promise<{ created: number; before: number }> =>
  answer(api.POST('/api/v1/cases/import', { body: { digest } }))
