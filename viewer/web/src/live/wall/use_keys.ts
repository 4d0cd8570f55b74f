/* The keys of the wall. They are silent while somebody types, while a dialog is open, and with Ctrl, Alt or Meta. */
import { onBeforeUnmount, onMounted } from 'vue'
import { isFreeKey } from '@/shell/free_key'

export interface WallKeys {
  focusTile(at: number): void
  sound(): void
  snapshot(): void
  grid(): void
  back(): void
  /** Held as long as somebody talks. */
  talk(down: boolean): void
}

export function useKeys(keys: WallKeys): void {
  function press(event: KeyboardEvent): void {
    if (event.repeat || !isFreeKey(event)) return
    const act = actFor(event.key)
    if (act === null) return
    event.preventDefault()
    act()
  }

  function actFor(key: string): (() => void) | null {
    if (/^[1-9]$/.test(key)) return () => keys.focusTile(Number(key) - 1)
    switch (key.toLowerCase()) {
      case 'm':
        return keys.sound
      case 's':
        return keys.snapshot
      case 'g':
        return keys.grid
      case 'escape':
        return keys.back
      case 't':
        return () => keys.talk(true)
      default:
        return null
    }
  }

  function letGo(event: KeyboardEvent): void {
    if (event.key.toLowerCase() === 't') keys.talk(false)
  }

  /** A window in the background hears no key go up. */
  const leave = (): void => keys.talk(false)

  onMounted(() => {
    window.addEventListener('keydown', press)
    window.addEventListener('keyup', letGo)
    window.addEventListener('blur', leave)
  })
  onBeforeUnmount(() => {
    window.removeEventListener('keydown', press)
    window.removeEventListener('keyup', letGo)
    window.removeEventListener('blur', leave)
  })
}
