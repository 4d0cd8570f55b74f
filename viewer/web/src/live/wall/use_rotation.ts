/* 轮巡: every N seconds the tiles that are not pinned show the next devices of a list. It rests while a tile is focused
   and while nobody looks at this tab. */
import { onBeforeUnmount, type Ref, watch } from 'vue'
import { useEvents } from '@/events/store'
import { type Rotation, useWall } from './store'

export interface RotationControl {
  start(over: Rotation, devices: readonly string[]): void
}

export function useRotation(online: Readonly<Ref<readonly string[]>>): RotationControl {
  const wall = useWall()
  const events = useEvents()
  let devices: readonly string[] = []
  let timer = 0

  /** Devices that are off line take no turn; all that is on line is looked up anew at each turn. */
  function due(): readonly string[] {
    if (wall.rotation?.over === 'online') return online.value
    return devices.filter(
      (id) => events.channel(id, 'main')?.state === 'live' || events.channel(id, 'sub')?.state === 'live',
    )
  }

  function next(): void {
    if (wall.focused === null && !document.hidden) wall.rotate(due())
  }

  function start(over: Rotation, list: readonly string[]): void {
    devices = list
    wall.startRotation(over)
    wall.rotate(due())
  }

  watch(
    [() => wall.rotation, () => wall.intervalS],
    ([rotation, seconds]) => {
      window.clearInterval(timer)
      if (rotation !== null) timer = window.setInterval(next, seconds * 1_000)
    },
    { immediate: true },
  )
  onBeforeUnmount(() => {
    window.clearInterval(timer)
    wall.stopRotation()
  })

  return { start }
}
