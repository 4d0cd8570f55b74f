/* The case at hand: what it opens, read anew when it is another one. Who reviews needs one; for others it is said why they
   look. */
import { computed, type ComputedRef, type Ref, ref, shallowRef, watch } from 'vue'
import type { CaseFootage } from '@/api/types'
import { useRegistry } from '@/registry/store'
import { useSession } from '@/session/store'
import { dayOf, type Place } from '../address'
import { devicesOf, openedOf } from '../at_hand'
import { readCaseFootage } from '../server'
import type { Span } from '../spans'

export interface AtHand {
  readonly footage: Ref<CaseFootage | null>
  readonly failure: Ref<unknown>
  /** A case has to be chosen before anything is opened. */
  readonly wanting: ComputedRef<boolean>
  /** What may be opened of the day; null: nothing, or it is not known yet. */
  readonly opened: ComputedRef<Span | null>
  /** Devices that may be chosen; undefined: all. */
  readonly only: ComputedRef<ReadonlySet<string> | undefined>
}

export function useCase(place: Ref<Place>): AtHand {
  const session = useSession()
  const registry = useRegistry()
  const footage = shallowRef<CaseFootage | null>(null)
  const failure = ref<unknown>(null)
  const byCase = computed(() => session.info?.role === 'reviewer')
  const wanting = computed(() => byCase.value && place.value.case === '')

  watch(() => place.value.case, read, { immediate: true })

  async function read(caseId: string): Promise<void> {
    footage.value = null
    failure.value = null
    if (caseId === '') return
    try {
      const found = await readCaseFootage(caseId)
      if (place.value.case === caseId) footage.value = found
    } catch (error) {
      if (place.value.case === caseId) failure.value = error
    }
  }

  const opened = computed(() => {
    const day = dayOf(place.value.day)
    if (day === null || (place.value.case !== '' && footage.value === null)) return null
    if (!byCase.value) return day
    return footage.value === null ? null : openedOf(day, footage.value, place.value.devices, place.value.atMs)
  })
  const only = computed(() => {
    if (!byCase.value || footage.value === null) return undefined
    return devicesOf(footage.value, registry.devices, new Map(registry.units.map(({ id, parent }) => [id, parent])))
  })
  return { footage, failure, wanting, opened, only }
}
