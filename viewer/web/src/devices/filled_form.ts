/* A form that is filled with what the server has of a device, and saved as of that version.

   One form serves one device after the other. Invariants: an answer fills the form only for the device, and the opening,
   that it was asked for; what was never read cannot be saved over. Versions of two devices are often equal, so a form of
   the one would be taken for the other. */
import { computed, ref, watch } from 'vue'
import { Problem } from '@/api/problem'
import type { Versioned } from '@/registry/changes'

/** `deviceId` and `open` may change at any time. `clear` empties the fields, `take` puts what was read into them. */
export function useFilledForm<T>(
  deviceId: () => string,
  open: () => boolean,
  read: (id: string) => Promise<Versioned<T>>,
  clear: () => void,
  take: (value: T) => void,
) {
  /** Why the server did not say what it has; null while that is not known. */
  const failure = ref<unknown>(null)
  const filledFor = ref('') // a device
  let etag = ''
  let asked = 0

  /** What the server has is in the form. Only then may it be changed. */
  const filled = computed(() => filledFor.value !== '' && filledFor.value === deviceId())

  async function fill(): Promise<void> {
    const id = deviceId()
    const turn = (asked += 1)
    filledFor.value = ''
    failure.value = null
    try {
      const answer = await read(id)
      if (turn !== asked || id !== deviceId()) return
      etag = answer.etag
      take(answer.value)
      filledFor.value = id
    } catch (error) {
      if (turn === asked) failure.value = error
    }
  }

  watch(
    [deviceId, open],
    ([, now]) => {
      asked += 1 // what is under way is for a form that is there no more
      if (!now) return
      filledFor.value = ''
      failure.value = null
      clear()
      void fill()
    },
    { immediate: true },
  )

  /** Returns the device that was saved. When somebody else changed it meanwhile, the form has what is there now. */
  async function save(write: (id: string, etag: string) => Promise<void>): Promise<string> {
    if (!filled.value) throw new Error('the form was not filled: nothing is known of what would be overwritten')
    const id = filledFor.value
    try {
      await write(id, etag)
    } catch (error) {
      if (error instanceof Problem && error.status === 412 && filledFor.value === id) await fill()
      throw error
    }
    return id
  }

  return { filled, filledFor, failure, fill, save }
}
