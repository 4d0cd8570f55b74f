/* Units, checkpoints and devices of the user's scope: loaded once, kept current by the server's registry events.

   Not here: the live state of channels (events/store.ts), changes (registry/changes.ts). */
import { defineStore } from 'pinia'
import { computed, ref, shallowRef, watch } from 'vue'
import { answer, api } from '@/api/client'
import { loadAll } from '@/api/lists'
import { Problem } from '@/api/problem'
import { useReach } from '@/api/reach'
import type { Checkpoint, Device, Unit } from '@/api/types'
import type { RegistryChange } from '@/events/messages'
import { useEvents } from '@/events/store'
import { readDevice as fetchDevice } from '@/registry/changes'
import { useSession } from '@/session/store'

const GATHER_MS = 250 // an import touches hundreds of rows within a second: read them together
const SINGLE_READS_MAX = 10 // more devices than this are read as one list

export const useRegistry = defineStore('registry', () => {
  const session = useSession()
  const events = useEvents()
  const reach = useReach()

  const units = shallowRef<readonly Unit[]>([])
  const checkpoints = shallowRef<readonly Checkpoint[]>([])
  const devices = shallowRef<readonly Device[]>([])
  const loaded = ref(false)
  const loading = ref(false)
  const failure = shallowRef<unknown>(null)

  const unitById = computed(() => new Map(units.value.map((unit) => [unit.id, unit])))
  const checkpointById = computed(() => new Map(checkpoints.value.map((checkpoint) => [checkpoint.id, checkpoint])))
  const deviceById = computed(() => new Map(devices.value.map((device) => [device.id, device])))

  const unitName = (id: string | null): string => (id === null ? '' : (unitById.value.get(id)?.name ?? id))
  const checkpointName = (id: string): string => checkpointById.value.get(id)?.name ?? id

  async function readUnits(): Promise<void> {
    if (!session.may('unit.list')) return
    units.value = await loadAll<Unit>((query) => answer(api.GET('/api/v1/units', { params: { query } })))
  }

  async function readCheckpoints(): Promise<void> {
    if (!session.may('checkpoint.list')) return
    checkpoints.value = await loadAll<Checkpoint>((query) => answer(api.GET('/api/v1/checkpoints', { params: { query } })))
  }

  async function readDevices(): Promise<void> {
    if (!session.may('device.list')) return
    const items = await loadAll((query) => answer(api.GET('/api/v1/devices', { params: { query } })))
    devices.value = items as Device[] // channels and states by their names
  }

  async function readDevice(id: string): Promise<void> {
    const others = devices.value.filter((device) => device.id !== id)
    try {
      const { value } = await fetchDevice(id)
      devices.value = [...others, value]
    } catch (error) {
      if (!(error instanceof Problem) || error.status !== 404) throw error
      devices.value = others
    }
  }

  async function load(): Promise<void> {
    loading.value = true
    try {
      await Promise.all([readUnits(), readCheckpoints(), readDevices()])
      failure.value = null
      loaded.value = true
    } catch (error) {
      failure.value = error
    } finally {
      loading.value = false
    }
  }

  /** For pages: load unless it is there already. */
  async function need(): Promise<void> {
    if (!loaded.value && !loading.value) await load()
  }

  /** Devices that are no more, or no more for this person. */
  function forget(ids: readonly string[]): void {
    if (ids.length > 0) devices.value = devices.value.filter((device) => !ids.includes(device.id))
  }

  const pending: RegistryChange[] = []
  let timer = 0

  events.onRegistry((change) => {
    if (!loaded.value) return
    pending.push(change)
    window.clearTimeout(timer)
    timer = window.setTimeout(() => void refresh(), GATHER_MS)
  })

  async function refresh(): Promise<void> {
    const changes = pending.splice(0)
    const ofDevices = new Map(changes.filter((change) => change.kind === 'device').map(({ id, change }) => [id, change]))
    // Nobody asks for what is gone: the server would have to record that this person was refused it.
    const [gone, ids] = partition([...ofDevices.keys()], (id) => ofDevices.get(id) === 'removed')
    forget(gone)
    try {
      if (changes.some((change) => change.kind === 'unit')) await readUnits()
      if (changes.some((change) => change.kind === 'checkpoint')) await readCheckpoints()
      if (ids.length > SINGLE_READS_MAX) await readDevices()
      else for (const id of ids) await readDevice(id)
      failure.value = null
    } catch (error) {
      // Of a server that is away the banner speaks, and everything is read again when it is back.
      if (!(error instanceof Problem) || !error.unreachable) failure.value = error
    }
  }

  /* A snapshot means that changes may have been missed; so does a server that was away. */
  watch([() => events.generation, () => reach.returns], ([, returns], [generation, returnsBefore]) => {
    if (loaded.value && (generation > 0 || returns !== returnsBefore)) void load()
  })
  watch(
    () => session.info?.name,
    () => {
      units.value = []
      checkpoints.value = []
      devices.value = []
      loaded.value = false
    },
  )

  return {
    units,
    checkpoints,
    devices,
    loaded,
    loading,
    failure,
    unitById,
    checkpointById,
    deviceById,
    unitName,
    checkpointName,
    load,
    need,
    readDevice,
    forget,
  }
})

function partition<T>(all: readonly T[], first: (one: T) => boolean): [T[], T[]] {
  return [all.filter(first), all.filter((one) => !first(one))]
}
