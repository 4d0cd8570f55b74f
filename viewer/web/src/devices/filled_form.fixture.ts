/* What opens a form for one device after the other, for tests of filled forms. */
import { nextTick, type Ref } from 'vue'

/** Opens the form of a device anew, as its dialog does. */
export function opening(device: Ref<string>, open: Ref<boolean>): (id: string) => Promise<void> {
  return async (id) => {
    open.value = false
    await nextTick()
    device.value = id
    open.value = true
    await nextTick()
  }
}

/** Until what was answered has arrived. */
export const settle = (): Promise<void> => new Promise((done) => setTimeout(done))
