/* What is typed about where a fixed camera is fetched from. */
import { computed, ref } from 'vue'
import type { Source, SourceTransport } from '@/api/types'
import { useFilledForm } from '@/devices/filled_form'
import { readSource, setSource } from '@/registry/changes'

/** `deviceId` and `open` may change at any time. */
export function useSourceForm(deviceId: () => string, open: () => boolean) {
  const url = ref('')
  const user = ref('')
  const password = ref('')
  const hasPassword = ref(false)
  const transport = ref<SourceTransport>('auto')
  const fingerprint = ref('')
  const overTls = computed(() => /^\s*rtsps:/i.test(url.value))

  function take(source: Source | null): void {
    url.value = source?.url ?? ''
    user.value = source?.user ?? ''
    hasPassword.value = source?.has_password ?? false
    transport.value = source?.transport ?? 'auto'
    fingerprint.value = source?.fingerprint ?? ''
  }

  function clear(): void {
    take(null)
    password.value = ''
  }

  const form = useFilledForm(deviceId, open, readSource, clear, take)

  /** Returns the device that was saved. When somebody else changed it meanwhile, the form has what is there now. */
  async function save(): Promise<string> {
    const fields = {
      url: url.value.trim(),
      user: user.value.trim(),
      password: password.value === '' && user.value.trim() !== '' ? null : password.value,
      transport: transport.value,
      fingerprint: overTls.value ? fingerprint.value.trim() : '',
    }
    const id = await form.save((of, etag) => setSource(of, fields, etag))
    if (form.filledFor.value === id) password.value = ''
    return id
  }

  const { filled, failure, fill } = form
  return { url, user, password, hasPassword, transport, fingerprint, overTls, filled, failure, fill, save }
}
