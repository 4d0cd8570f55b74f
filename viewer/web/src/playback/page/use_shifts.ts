/* The shifts of the officer who was chosen, on the day that is looked at and as far as the case at hand opens it. Asking is
   on record, as every look at a timeline is. */
import { computed, type ComputedRef, type Ref, ref, shallowRef, watch } from 'vue'
import type { Place } from '../address'
import { readShifts } from '../server'
import { cutToShifts, type Shift } from '../shifts'
import type { Span } from '../spans'

export interface Shifts {
  /** Null while they are not known. */
  readonly shifts: Ref<readonly Shift[] | null>
  readonly failure: Ref<unknown>
  /** What may be opened, cut to what the officer carried; null: nothing, or it is not known yet. */
  readonly cut: ComputedRef<Span | null>
}

export function useShifts(place: Ref<Place>, opened: Ref<Span | null>): Shifts {
  const shifts = shallowRef<readonly Shift[] | null>(null)
  const failure = ref<unknown>(null)
  const asked = computed(() => JSON.stringify([place.value.officer, place.value.channel, place.value.case, opened.value]))

  watch(asked, read, { immediate: true })

  async function read(): Promise<void> {
    const { officer, channel, case: caseId } = place.value
    const of = asked.value
    shifts.value = null
    failure.value = null
    if (officer === '' || opened.value === null) return
    try {
      const found = await readShifts(officer, channel, opened.value, caseId)
      if (of === asked.value) shifts.value = found
    } catch (error) {
      if (of === asked.value) failure.value = error
    }
  }

  const cut = computed(() => {
    if (place.value.officer === '' || opened.value === null) return opened.value
    return shifts.value === null ? null : cutToShifts(opened.value, shifts.value, place.value.devices, place.value.atMs)
  })
  return { shifts, failure, cut }
}
