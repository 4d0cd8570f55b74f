/* Whether a key that was pressed is a page's own: not while somebody types, nor while a dialog is open, nor with Ctrl, Alt or Meta. */

const TYPING = 'input, textarea, select, [contenteditable="true"], [role="combobox"]'

export function isFreeKey(event: KeyboardEvent): boolean {
  if (event.ctrlKey || event.altKey || event.metaKey || event.defaultPrevented) return false
  if (event.target instanceof Element && event.target.closest(TYPING)) return false
  return !dialogOpen()
}

function dialogOpen(): boolean {
  return [...document.querySelectorAll<HTMLElement>('.el-overlay')].some((overlay) => overlay.style.display !== 'none')
}
