/* Originals: listed, read, placed, rejected, and fetched with a reason. Not here: how they are sent (upload.ts). */
import { answer, api, ifVersion } from '@/api/client'
import { loadAll } from '@/api/lists'
import type { Original, OriginalDetail } from '@/api/types'

const ORIGINALS = '/api/v1/backfills'

export async function listOriginals(): Promise<Original[]> {
  return loadAll((page) => answer(api.GET(ORIGINALS, { params: { query: { ...page } } })))
}

export async function readOriginal(id: string): Promise<OriginalDetail> {
  return answer(api.GET(`${ORIGINALS}/{backfill}`, { params: { path: { backfill: id } } }))
}

export async function placeOriginal(one: Original, start: string, note: string): Promise<OriginalDetail> {
  return answer(api.POST(`${ORIGINALS}/{backfill}/place`, { params: of(one), body: { start, note } }))
}

export async function rejectOriginal(one: Original, note: string): Promise<OriginalDetail> {
  return answer(api.POST(`${ORIGINALS}/{backfill}/reject`, { params: of(one), body: { note } }))
}

/** Where the browser fetches the file; asking is on record, with the reason and the case at hand. */
export const mediaAddress = (one: Original, reason: string, caseId: string): string =>
  `${ORIGINALS}/${one.id}/media?${new URLSearchParams({ reason, ...(caseId === '' ? {} : { case: caseId }) })}`

const of = (one: Original): { path: { backfill: string }; header: { 'if-match': string } } => ({
  path: { backfill: one.id },
  header: ifVersion(one.version),
})
