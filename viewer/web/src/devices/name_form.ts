/* What is typed about the name and model of a device. */
import { ref } from 'vue'
import { useFilledForm } from '@/devices/filled_form'
import { editDevice, readDevice } from '@/registry/changes'

/** `deviceId` and `open` may change at any time. */
export function useNameForm(deviceId: () => string, open: () => boolean) {
  const name = ref('')
  const model = ref('')

  function take(device: { name: string; model: string }): void {
    name.value = device.name
    model.value = device.model
  }

  const { filled, failure, fill, save: saveFilled } = useFilledForm(
    deviceId,
    open,
    readDevice,
    () => take({ name: '', model: '' }),
    take,
  )

  /** Returns the device that was saved. When somebody else changed it meanwhile, the form has what is there now. */
  const save = (): Promise<string> =>
    saveFilled((id, etag) => editDevice(id, { name: name.value.trim(), model: model.value.trim() }, etag))

  return { name, model, filled, failure, fill, save }
}
