/* Clips and holds: listed, made, and brought to their end by two people. Both kinds are the same but for their name. */
import { answer, api, ifVersion } from '@/api/client'
import { loadAll } from '@/api/lists'
import type { Kept, KeptKind, NewKept } from '@/api/types'

const CLIPS = '/api/v1/clips'
const HOLDS = '/api/v1/holds'

export async function listKept(kind: KeptKind, asked: { case?: string } = {}): Promise<Kept[]> {
  const items = await loadAll((page) => {
    const params = { query: { ...asked, ...page } }
    return answer(kind === 'clip' ? api.GET(CLIPS, { params }) : api.GET(HOLDS, { params }))
  })
  return items.map((item) => ({ ...item, kind }))
}

export async function keep(kind: KeptKind, wanted: NewKept): Promise<Kept> {
  const body = { channel: 'main', case: '', note: '', ...wanted } as const
  return { ...(await answer(kind === 'clip' ? api.POST(CLIPS, { body }) : api.POST(HOLDS, { body }))), kind }
}

export async function askRemoval(one: Kept, reason: string): Promise<void> {
  const wanted = { params: of(one), body: { reason } }
  await (one.kind === 'clip'
    ? api.POST(`${CLIPS}/{keeping}/removal`, wanted)
    : api.POST(`${HOLDS}/{keeping}/removal`, wanted))
}

export async function agreeRemoval(one: Kept): Promise<void> {
  const wanted = { params: of(one) }
  await (one.kind === 'clip'
    ? api.POST(`${CLIPS}/{keeping}/removal/agree`, wanted)
    : api.POST(`${HOLDS}/{keeping}/removal/agree`, wanted))
}

export async function withdrawRemoval(one: Kept): Promise<void> {
  const wanted = { params: of(one) }
  await (one.kind === 'clip'
    ? api.DELETE(`${CLIPS}/{keeping}/removal`, wanted)
    : api.DELETE(`${HOLDS}/{keeping}/removal`, wanted))
}

const of = (one: Kept): { path: { keeping: string }; header: { 'if-match': string } } => ({
  path: { keeping: one.id },
  header: ifVersion(one.version),
})
