/* Every change of units, checkpoints and devices that the pages can make. Each is of the version that was read, so
   that a change made by somebody else meanwhile is seen (412), not overwritten.

   Keys in answers are shown once and kept nowhere. */
import { answer, api, ifMatch, ifVersion, versioned } from '@/api/client'
import type { Checkpoint, Device, NewKey, Source, SourceTransport, Unit } from '@/api/types'

export interface Versioned<T> {
  value: T
  etag: string
}

export interface UnitFields {
  name: string
  parent: string | null
}

export interface CheckpointFields {
  name: string
  unit: string
  address: string
  latitude: number | null
  longitude: number | null
}

export interface DeviceFields {
  checkpoint?: string
  name?: string
  model?: string
}

/** `password` null: the one that is there stays. */
export interface SourceFields {
  url: string
  user: string
  password: string | null
  transport: SourceTransport
  fingerprint: string
}

const unitAt = (unit: string) => ({ path: { unit } })
const checkpointAt = (checkpoint: string) => ({ path: { checkpoint } })
const deviceAt = (device: string) => ({ path: { device } })

/** Without an id the server makes one. */
export const addUnit = (id: string, fields: UnitFields): Promise<Unit> =>
  answer(api.POST('/api/v1/units', { body: { id: id || null, ...fields } }))

export const readUnit = (id: string): Promise<Versioned<Unit>> =>
  versioned(api.GET('/api/v1/units/{unit}', { params: unitAt(id) }))

export const editUnit = (id: string, fields: UnitFields, etag: string): Promise<Unit> =>
  answer(api.PATCH('/api/v1/units/{unit}', { params: { ...unitAt(id), header: ifMatch(etag) }, body: fields }))

export async function removeUnit(id: string): Promise<void> {
  const { etag } = await readUnit(id)
  await api.DELETE('/api/v1/units/{unit}', { params: { ...unitAt(id), header: ifMatch(etag) } })
}

export const addCheckpoint = (id: string, fields: CheckpointFields): Promise<Checkpoint> =>
  answer(api.POST('/api/v1/checkpoints', { body: { id: id || null, ...fields } }))

export const readCheckpoint = (id: string): Promise<Versioned<Checkpoint>> =>
  versioned(api.GET('/api/v1/checkpoints/{checkpoint}', { params: checkpointAt(id) }))

export const editCheckpoint = (id: string, fields: CheckpointFields, etag: string): Promise<Checkpoint> =>
  answer(
    api.PATCH('/api/v1/checkpoints/{checkpoint}', { params: { ...checkpointAt(id), header: ifMatch(etag) }, body: fields }),
  )

export async function removeCheckpoint(id: string): Promise<void> {
  const { etag } = await readCheckpoint(id)
  await api.DELETE('/api/v1/checkpoints/{checkpoint}', { params: { ...checkpointAt(id), header: ifMatch(etag) } })
}

export const registerDevice = (device: Required<DeviceFields> & { id: string }): Promise<NewKey> =>
  answer(api.POST('/api/v1/devices', { body: device }))

export const readDevice = (id: string): Promise<Versioned<Device>> =>
  versioned(api.GET('/api/v1/devices/{device}', { params: deviceAt(id) })) as Promise<Versioned<Device>>

export async function editDevice(id: string, fields: DeviceFields, etag: string): Promise<void> {
  await api.PATCH('/api/v1/devices/{device}', { params: { ...deviceAt(id), header: ifMatch(etag) }, body: fields })
}

export async function removeDevice(id: string): Promise<void> {
  const { etag } = await readDevice(id)
  await api.DELETE('/api/v1/devices/{device}', { params: { ...deviceAt(id), header: ifMatch(etag) } })
}

/** Of the device as it is shown: refused when it has changed since. */
const shown = ({ id, version }: Device) => ({ ...deviceAt(id), header: ifVersion(version) })

export const rotateKey = (device: Device, overlapSeconds: number): Promise<NewKey> =>
  answer(api.POST('/api/v1/devices/{device}/rotate-key', { params: shown(device), body: { overlap_s: overlapSeconds } }))

export async function enableDevice(device: Device): Promise<void> {
  await api.POST('/api/v1/devices/{device}/enable', { params: shown(device) })
}

export async function disableDevice(device: Device): Promise<void> {
  await api.POST('/api/v1/devices/{device}/disable', { params: shown(device) })
}

/** Null where the device sends by itself. The version is the device's. */
export const readSource = (id: string): Promise<Versioned<Source | null>> =>
  versioned(api.GET('/api/v1/devices/{device}/source', { params: deviceAt(id) })) as Promise<Versioned<Source | null>>

export async function setSource(id: string, fields: SourceFields, etag: string): Promise<void> {
  await api.PUT('/api/v1/devices/{device}/source', { params: { ...deviceAt(id), header: ifMatch(etag) }, body: fields })
}

export async function removeSource(id: string): Promise<void> {
  const { etag } = await readSource(id)
  await api.DELETE('/api/v1/devices/{device}/source', { params: { ...deviceAt(id), header: ifMatch(etag) } })
}
