/* Whether the window is too narrow for the wall's controls to stand in the top bar. */
import { onBeforeUnmount, readonly, ref, type Ref } from 'vue'

const NARROW = '(max-width: 900px)' // where the shell folds its navigation, too

export function useNarrow(): Readonly<Ref<boolean>> {
  const query = window.matchMedia(NARROW)
  const narrow = ref(query.matches)
  const look = (): void => {
    narrow.value = query.matches
  }
  query.addEventListener('change', look)
  onBeforeUnmount(() => query.removeEventListener('change', look))
  return readonly(narrow)
}
