/* Every change of units, checkpoints and devices that the pages can make. Each reads the newest ETag first, so that
   a change made by somebody else meanwhile is seen (412), not overwritten.

   Times and keys of the answer are shown once and kept nowhere. */
import { call } from '@/api/client'
import type { Checkpoint, Device, NewKey, Unit } from '@/api/types'

type Kind = 'units' | 'checkpoints' | 'devices'

const path = (kind: Kind, id: string): string => `/${kind}/${encodeURIComponent(id)}`

export interface Versioned<T> {
  value: T
  etag: string
}

async function read<T>(kind: Kind, id: string): Promise<Versioned<T>> {
  const { data, etag } = await call<T>('GET', path(kind, id))
  return { value: data, etag }
}

export const readUnit = (id: string): Promise<Versioned<Unit>> => read('units', id)
export const readCheckpoint = (id: string): Promise<Versioned<Checkpoint>> => read('checkpoints', id)
export const readDevice = (id: string): Promise<Versioned<Device>> => read('devices', id)

/** Without an id the server makes one. */
export type New<T extends { id: string }> = Omit<T, 'id'> & { id?: string }

export async function addUnit(unit: New<Unit>): Promise<Unit> {
  return (await call<Unit>('POST', '/units', { body: unit })).data
}

export async function addCheckpoint(checkpoint: New<Checkpoint>): Promise<Checkpoint> {
  return (await call<Checkpoint>('POST', '/checkpoints', { body: checkpoint })).data
}

export interface NewDevice {
  id: string
  checkpoint: string
  name: string
  model: string
}

export async function registerDevice(device: NewDevice): Promise<NewKey> {
  return (await call<NewKey>('POST', '/devices', { body: device })).data
}

export async function edit(kind: Kind, id: string, fields: object, etag: string): Promise<void> {
  await call('PATCH', path(kind, id), { body: fields, ifMatch: etag })
}

export async function remove(kind: Kind, id: string): Promise<void> {
  const { etag } = await read(kind, id)
  await call('DELETE', path(kind, id), { ifMatch: etag })
}

export async function rotateKey(id: string, overlapSeconds: number): Promise<NewKey> {
  return (await call<NewKey>('POST', `${path('devices', id)}/rotate-key`, { body: { overlap_s: overlapSeconds } })).data
}

export async function enable(id: string): Promise<void> {
  await call('POST', `${path('devices', id)}/enable`)
}

export async function disable(id: string): Promise<void> {
  await call('POST', `${path('devices', id)}/disable`)
}
