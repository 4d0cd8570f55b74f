/* The keys of the wall. They are silent while somebody types, while a dialog is open, and with Ctrl, Alt or Meta. */
import { onBeforeUnmount, onMounted } from 'vue'

export interface WallKeys {
  focusTile(at: number): void
  sound(): void
  snapshot(): void
  grid(): void
  back(): void
}

const TYPING = 'input, textarea, select, [contenteditable="true"], [role="combobox"]'

export function useKeys(keys: WallKeys): void {
  function press(event: KeyboardEvent): void {
    if (event.ctrlKey || event.altKey || event.metaKey || event.defaultPrevented || event.repeat) return
    if (event.target instanceof Element && event.target.closest(TYPING)) return
    if (dialogOpen()) return
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
      default:
        return null
    }
  }

  onMounted(() => window.addEventListener('keydown', press))
  onBeforeUnmount(() => window.removeEventListener('keydown', press))
}

function dialogOpen(): boolean {
  return [...document.querySelectorAll<HTMLElement>('.el-overlay')].some((overlay) => overlay.style.display !== 'none')
}
