/* What hangs where on the wall. Pure: every act takes an arrangement and returns a new one.

   There are always sixteen slots; the grid shows the first few of them, so that a smaller grid forgets nothing. */

export const GRID_SIZES = [1, 4, 9, 16] as const
export type GridSize = (typeof GRID_SIZES)[number]
export const SLOTS = 16

export interface Slot {
  readonly device: string
  /** Stays when the wall rotates. */
  readonly pinned: boolean
}

export type Slots = readonly (Slot | null)[]

export const emptySlots = (): Slots => Array.from({ length: SLOTS }, () => null)

const replaced = (slots: Slots, at: number, slot: Slot | null): Slots =>
  slots.map((other, index) => (index === at ? slot : other))

export const devicesIn = (slots: Slots, size: GridSize): string[] =>
  slots.slice(0, size).flatMap((slot) => (slot === null ? [] : [slot.device]))

/** Where a device goes that was only named: where it hangs already, else the first free slot, else the selected one. */
export function slotFor(slots: Slots, size: GridSize, device: string, selected: number): number {
  const shown = slots.slice(0, size)
  const there = shown.findIndex((slot) => slot?.device === device)
  if (there >= 0) return there
  const free = shown.findIndex((slot) => slot === null)
  if (free >= 0) return free
  return selected < size ? selected : size - 1
}

/** A device hangs once: where it was before, there is a free slot now. */
export function place(slots: Slots, device: string, at: number): Slots {
  const elsewhere = slots.map((slot, index) => (slot?.device === device && index !== at ? null : slot))
  if (elsewhere[at]?.device === device) return slots
  return replaced(elsewhere, at, { device, pinned: false })
}

export function swap(slots: Slots, from: number, to: number): Slots {
  return replaced(replaced(slots, from, slots[to] ?? null), to, slots[from] ?? null)
}

export const take = (slots: Slots, at: number): Slots => replaced(slots, at, null)

export function pin(slots: Slots, at: number, pinned: boolean): Slots {
  const slot = slots[at]
  return slot ? replaced(slots, at, { ...slot, pinned }) : slots
}

/** Fills the free slots of the grid with devices that do not hang yet. */
export function fill(slots: Slots, size: GridSize, devices: readonly string[]): Slots {
  const hanging = new Set(devicesIn(slots, size))
  const waiting = devices.filter((device) => !hanging.has(device))
  return slots.map((slot, index) => {
    if (slot !== null || index >= size) return slot
    const device = waiting.shift()
    return device === undefined ? null : { device, pinned: false }
  })
}

export interface Turn {
  readonly slots: Slots
  /** The device to go on with at the next turn; null when the list fits and nothing has to move. */
  readonly next: string | null
}

/** One turn of the rotation: the slots that are not pinned show the next devices of the list. */
export function turn(slots: Slots, size: GridSize, list: readonly string[], from: string | null): Turn {
  const pinned = new Set(slots.slice(0, size).flatMap((slot) => (slot?.pinned ? [slot.device] : [])))
  const queue = list.filter((device) => !pinned.has(device))
  const places = slots.slice(0, size).flatMap((slot, index) => (slot?.pinned ? [] : [index]))
  if (queue.length === 0 || places.length === 0) return { slots, next: null }
  if (queue.length <= places.length) {
    const kept = new Set(devicesIn(slots, size))
    const settled = queue.every((device) => kept.has(device))
    return { slots: settled ? slots : fill(cleared(slots, places), size, queue), next: null }
  }
  const start = Math.max(0, from === null ? 0 : queue.indexOf(from))
  const shown = places.map((_, n) => queue[(start + n) % queue.length] as string)
  return {
    slots: slots.map((slot, index) => {
      const n = places.indexOf(index)
      return n < 0 ? slot : { device: shown[n] as string, pinned: false }
    }),
    next: queue[(start + places.length) % queue.length] ?? null,
  }
}

function cleared(slots: Slots, places: readonly number[]): Slots {
  return slots.map((slot, index) => (places.includes(index) ? null : slot))
}
