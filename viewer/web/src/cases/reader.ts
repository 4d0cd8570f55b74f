/* The list of cases, in the server's order, and the address of the same cases as a file. */
import { answer, api } from '@/api/client'
import type { Case } from '@/api/types'
import { givenOf, type PageReader, pageReader } from '@/table/page_reader'

export interface CaseQuestion {
  q: string
  unit: string
  field: string
  procedure: string
  status: string
  from: string
  to: string
  sort: string
}

export function exportAddress({ sort: _, ...question }: CaseQuestion): string {
  const query = new URLSearchParams(givenOf(question)).toString()
  return `/api/v1/cases/export${query && `?${query}`}`
}

export const caseReader = (): PageReader<Case, CaseQuestion> =>
  pageReader((question, page, signal) =>
    answer(api.GET('/api/v1/cases', { params: { query: { ...givenOf(question), ...page } }, signal })),
  )
