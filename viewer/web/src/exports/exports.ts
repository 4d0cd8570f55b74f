/* Packages of footage: ordered, watched, agreed to, taken. */
import { answer, api, ifVersion } from '@/api/client'
import { loadAll } from '@/api/lists'
import type { Export, ExportEstimate } from '@/api/types'

const EXPORTS = '/api/v1/exports'

export interface Order {
  clips: string[]
  case: string
  copies: boolean
}

export async function listExports(): Promise<Export[]> {
  return loadAll((page) => answer(api.GET(EXPORTS, { params: { query: { ...page } } })))
}

export async function estimate(order: Order): Promise<ExportEstimate> {
  return answer(api.POST(`${EXPORTS}/estimate`, { body: { intervals: [], ...order } }))
}

/** `key` is made once for a dialog: pressed twice, or sent again over a bad line, it is one order. */
export async function orderExport(order: Order, reason: string, key: string): Promise<Export> {
  const params = { header: { 'Idempotency-Key': key } }
  return answer(api.POST(EXPORTS, { params, body: { intervals: [], ...order, reason } }))
}

export async function agreeExport(one: Export): Promise<void> {
  await api.POST(`${EXPORTS}/{export}/agree`, { params: of(one) })
}

export async function cancelExport(one: Export): Promise<void> {
  await api.POST(`${EXPORTS}/{export}/cancel`, { params: of(one) })
}

/** Where the browser itself fetches the bundle; it goes on by itself where a line broke. */
export const bundleAddress = (one: Export, reason: string): string =>
  `${EXPORTS}/${encodeURIComponent(one.id)}/bundle?reason=${encodeURIComponent(reason)}`

/** Have the browser save it. */
export function saveBundle(one: Export, reason: string): void {
  const link = document.createElement('a')
  link.href = bundleAddress(one, reason)
  link.download = one.file_name ?? ''
  document.body.append(link)
  link.click()
  link.remove()
}

const of = (one: Export): { path: { export: string }; header: { 'if-match': string } } => ({
  path: { export: one.id },
  header: ifVersion(one.version),
})
