/* The wall of this user: what hangs where, what is focused, which tile sounds, and the rotation. It outlives the page,
   and the arrangement outlives the browser. */
import { defineStore } from 'pinia'
import { computed, ref, shallowRef, watch } from 'vue'
import { useSession } from '@/session/store'
import { type Layout, type NamedLayout, named, recall, remember } from './layouts'
import { emptySlots, fill, type GridSize, GRID_SIZES, pin, place, slotFor, type Slots, swap, take, turn } from './slots'

export interface Rotation {
  /** What rotates: a key of the tree (`unit:ID`, `checkpoint:ID`), or all that is on line. */
  readonly over: string
  readonly name: string
}

export const INTERVALS_S = [5, 10, 15, 30, 60, 120] as const
const INTERVAL_KEY = 'mingjing.wall.interval'

export const useWall = defineStore('wall', () => {
  const session = useSession()
  const user = computed(() => session.info?.name ?? '')

  const size = ref<GridSize>(4)
  const slots = shallowRef<Slots>(emptySlots())
  const layouts = shallowRef<readonly NamedLayout[]>([])
  /** False until this user has arranged something: the page may then hang what is on line. */
  const arranged = ref(false)
  const selected = ref(0)
  const focused = ref<number | null>(null)
  /** The device whose sound is on: one at a time. It stays on when the device moves to another slot. */
  const sounding = ref<string | null>(null)
  /** The talk key is down: the focused device is talked to. */
  const talkHeld = ref(false)
  const rotation = shallowRef<Rotation | null>(null)
  const intervalS = ref(storedInterval())
  const next = ref<string | null>(null)

  watch(
    user,
    (name) => {
      const memory = name === '' ? { current: null, named: [] } : recall(localStorage, name)
      size.value = memory.current?.size ?? 4
      slots.value = memory.current?.slots ?? emptySlots()
      arranged.value = memory.current !== null
      layouts.value = memory.named
      selected.value = 0
      focused.value = null
      sounding.value = null
      rotation.value = null
    },
    { immediate: true },
  )
  watch(intervalS, (seconds) => localStorage.setItem(INTERVAL_KEY, String(seconds)))

  function keep(): void {
    arranged.value = true
    if (user.value === '') return
    // While the wall rotates, what hangs there is of the moment: the arrangement before is what is remembered.
    const before = recall(localStorage, user.value).current
    const current: Layout | null = rotation.value === null ? { size: size.value, slots: slots.value } : before
    remember(localStorage, user.value, { current, named: layouts.value })
  }

  function hang(device: string, at?: number): void {
    const index = at ?? slotFor(slots.value, size.value, device, selected.value)
    slots.value = place(slots.value, device, index)
    selected.value = index
    keep()
  }

  function setSize(value: GridSize): void {
    size.value = value
    if (selected.value >= value) selected.value = 0
    if (focused.value !== null && focused.value >= value) focused.value = null
    keep()
  }

  function nextSize(): void {
    setSize(GRID_SIZES[(GRID_SIZES.indexOf(size.value) + 1) % GRID_SIZES.length] ?? 4)
  }

  function move(from: number, to: number): void {
    slots.value = swap(slots.value, from, to)
    selected.value = to
    keep()
  }

  function takeDown(at: number): void {
    if (slots.value[at]?.device === sounding.value) sounding.value = null
    slots.value = take(slots.value, at)
    if (focused.value === at) focused.value = null
    keep()
  }

  function setPinned(at: number, value: boolean): void {
    slots.value = pin(slots.value, at, value)
    keep()
  }

  function fillWith(devices: readonly string[]): void {
    slots.value = fill(slots.value, size.value, devices)
    keep()
  }

  function clear(): void {
    slots.value = emptySlots()
    focused.value = null
    sounding.value = null
    keep()
  }

  function focus(at: number | null): void {
    if (at !== null && (slots.value[at] ?? null) === null) return
    focused.value = at
    talkHeld.value = false
    if (at !== null) selected.value = at
  }

  function toggleSound(device: string): void {
    sounding.value = sounding.value === device ? null : device
  }

  function saveLayout(name: string): void {
    layouts.value = named(layouts.value, name, { size: size.value, slots: slots.value })
    keep()
  }

  function openLayout(layout: Layout): void {
    stopRotation()
    size.value = layout.size
    slots.value = layout.slots
    focused.value = null
    keep()
  }

  function forgetLayout(name: string): void {
    layouts.value = layouts.value.filter((layout) => layout.name !== name)
    keep()
  }

  function startRotation(over: Rotation): void {
    focused.value = null
    rotation.value = over
    next.value = null
  }

  function rotate(devices: readonly string[]): void {
    const done = turn(slots.value, size.value, devices, next.value)
    slots.value = done.slots
    next.value = done.next
  }

  function stopRotation(): void {
    rotation.value = null
  }

  return {
    size,
    slots,
    layouts,
    arranged,
    selected,
    focused,
    sounding,
    talkHeld,
    rotation,
    intervalS,
    hang,
    setSize,
    nextSize,
    move,
    takeDown,
    setPinned,
    fillWith,
    clear,
    focus,
    toggleSound,
    saveLayout,
    openLayout,
    forgetLayout,
    startRotation,
    rotate,
    stopRotation,
  }
})

function storedInterval(): number {
  const stored = Number(localStorage.getItem(INTERVAL_KEY))
  return INTERVALS_S.find((seconds) => seconds === stored) ?? 15
}
