/* What is typed about where a fixed camera is fetched from: filled with what the server has, saved as of that version.

   One form serves one device after the other. Invariants: an answer fills the form only for the device, and the opening,
   that it was asked for; what was never read cannot be saved over. Versions of two devices are often equal, so a form of
   the one would be taken for the other. */
import { computed, ref, watch } from 'vue'
import { Problem } from '@/api/problem'
import type { SourceTransport } from '@/api/types'
import { readSource, setSource } from '@/registry/changes'

/** `deviceId` and `open` may change at any time. */
export function useSourceForm(deviceId: () => string, open: () => boolean) {
  const url = ref('')
  const user = ref('')
  const password = ref('')
  const hasPassword = ref(false)
  const transport = ref<SourceTransport>('auto')
  const fingerprint = ref('')
  /** Why the server did not say what it has; null while that is not known. */
  const failure = ref<unknown>(null)
  const filledFor = ref('') // a device
  let etag = ''
  let asked = 0

  /** What the server has is in the form. Only then may it be changed. */
  const filled = computed(() => filledFor.value !== '' && filledFor.value === deviceId())
  const overTls = computed(() => /^\s*rtsps:/i.test(url.value))

  async function fill(): Promise<void> {
    const id = deviceId()
    const turn = (asked += 1)
    filledFor.value = ''
    failure.value = null
    try {
      const read = await readSource(id)
      if (turn !== asked || id !== deviceId()) return
      etag = read.etag
      url.value = read.value?.url ?? ''
      user.value = read.value?.user ?? ''
      hasPassword.value = read.value?.has_password ?? false
      transport.value = read.value?.transport ?? 'auto'
      fingerprint.value = read.value?.fingerprint ?? ''
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
      url.value = user.value = password.value = fingerprint.value = ''
      hasPassword.value = false
      transport.value = 'auto'
      void fill()
    },
    { immediate: true },
  )

  /** Returns the device that was saved. When somebody else changed it meanwhile, the form has what is there now. */
  async function save(): Promise<string> {
    if (!filled.value) throw new Error('the form was not filled: nothing is known of what would be overwritten')
    const id = filledFor.value
    const fields = {
      url: url.value.trim(),
      user: user.value.trim(),
      password: password.value === '' && user.value.trim() !== '' ? null : password.value,
      transport: transport.value,
      fingerprint: overTls.value ? fingerprint.value.trim() : '',
    }
    try {
      await setSource(id, fields, etag)
    } catch (error) {
      if (error instanceof Problem && error.status === 412 && filledFor.value === id) await fill()
      throw error
    }
    if (filledFor.value === id) password.value = ''
    return id
  }

  return { url, user, password, hasPassword, transport, fingerprint, overTls, filled, failure, fill, save }
}
