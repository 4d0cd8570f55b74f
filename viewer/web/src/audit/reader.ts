/* The audit log, newest first. */
import { answer, api } from '@/api/client'
import type { AuditEntry } from '@/api/types'
import { givenOf, type PageReader, pageReader } from '@/table/page_reader'

export interface AuditQuestion {
  principal: string
  action: string
  subject: string
  from: string
  to: string
}

export const auditReader = (): PageReader<AuditEntry, AuditQuestion> =>
  pageReader((question, page, signal) =>
    answer(api.GET('/api/v1/audit', { params: { query: { ...givenOf(question), ...page } }, signal })),
  )
