/* Whether anybody can see an element: in the viewport, in a tab in front. What nobody sees is not decoded. */
import { onBeforeUnmount, onMounted, readonly, ref, type Ref, watch } from 'vue'

const GRACE_MS = 3_000 // a glance at another tab, or one turn of the wheel, must not close sixteen sockets

export function useVisible(element: Readonly<Ref<HTMLElement | null>>): Readonly<Ref<boolean>> {
  const visible = ref(false)
  let inView = false
  let timer = 0

  function look(): void {
    window.clearTimeout(timer)
    if (inView && !document.hidden) visible.value = true
    else if (visible.value) timer = window.setTimeout(() => (visible.value = false), GRACE_MS)
  }

  const observer = new IntersectionObserver((entries) => {
    inView = entries[entries.length - 1]?.isIntersecting ?? false
    look()
  })
  watch(element, (now, before) => {
    if (before) observer.unobserve(before)
    if (now) observer.observe(now)
  })
  onMounted(() => {
    if (element.value) observer.observe(element.value)
    document.addEventListener('visibilitychange', look)
  })
  onBeforeUnmount(() => {
    window.clearTimeout(timer)
    observer.disconnect()
    document.removeEventListener('visibilitychange', look)
  })
  return readonly(visible)
}
