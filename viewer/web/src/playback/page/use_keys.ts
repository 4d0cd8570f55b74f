/* The keys of the page, while they are its own. */
import { onBeforeUnmount, onMounted } from 'vue'
import { isFreeKey } from '@/shell/free_key'
import { type Action, actionOf } from '../keys'

export function usePlaybackKeys(act: (action: Action) => void): void {
  function press(event: KeyboardEvent): void {
    if (!isFreeKey(event) || isForButton(event) || isForList(event)) return
    const action = actionOf(event)
    if (action === null) return
    event.preventDefault()
    act(action)
  }

  onMounted(() => window.addEventListener('keydown', press))
  onBeforeUnmount(() => window.removeEventListener('keydown', press))
}

/** Who came to a button by the keyboard presses it with Space; who clicked it has only left the focus there. */
function isForButton({ key, target }: KeyboardEvent): boolean {
  return key === ' ' && target instanceof HTMLElement && target.matches('button:focus-visible, a:focus-visible, [role="button"]:focus-visible')
}

function isForList({ target }: KeyboardEvent): boolean {
  return target instanceof Element && target.closest('[role="tree"], [role="listbox"], .el-popover, .el-picker-panel') !== null
}
