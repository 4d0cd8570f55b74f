/* Which device this page publishes as, and by what key: out of the address (a scanned code), the form, or this tab.

   Both come in the address's fragment, which no browser sends to a server; never in its query. They are taken out of the
   address bar before the page is shown, and kept beyond it only where the officer says so, for this tab. */
import { shallowRef } from 'vue'
import { isDeviceId } from '@/devices/device_id'

export interface DeviceKey {
  readonly device: string
  readonly key: string
}

const STORAGE_KEY = 'mingjing.publish'
const KEY = /^[\x21-\x7e]{1,256}$/ // as the server reads a bearer

export const isKey = (text: string): boolean => KEY.test(text)

/** What `#device=…&key=…` says; nonsense is nothing. Null where it names neither. */
export function readFragment(hash: string): DeviceKey | null {
  const said = new URLSearchParams(hash.replace(/^#/, ''))
  const device = said.get('device') ?? ''
  const key = said.get('key') ?? ''
  if (device === '' && key === '') return null
  return { device: isDeviceId(device) ? device : '', key: isKey(key) ? key : '' }
}

/** What the address brought last, until the page takes it. */
export const brought = shallowRef<DeviceKey | null>(null)

/** Takes both out of the address bar, for the page that is about to open or is open. */
export function takeFromAddress(hash: string): boolean {
  const found = readFragment(hash)
  if (found === null) return false
  brought.value = found
  history.replaceState(history.state, '', location.pathname)
  return true
}

export function keep(value: DeviceKey | null): void {
  if (value === null) sessionStorage.removeItem(STORAGE_KEY)
  else sessionStorage.setItem(STORAGE_KEY, JSON.stringify(value))
}

export function kept(): DeviceKey | null {
  try {
    const value = JSON.parse(sessionStorage.getItem(STORAGE_KEY) ?? 'null') as Partial<DeviceKey> | null
    if (typeof value?.device !== 'string' || typeof value.key !== 'string') return null
    return isDeviceId(value.device) && isKey(value.key) ? { device: value.device, key: value.key } : null
  } catch {
    return null
  }
}
