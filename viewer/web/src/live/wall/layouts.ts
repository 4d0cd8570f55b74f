/* Arrangements that this browser remembers for a user: the one he left, and those he gave a name.

   Only device ids and positions are kept. What is read back is checked field by field: the store may have been
   written by another version, or by hand. */
import { emptySlots, GRID_SIZES, type GridSize, SLOTS, type Slot, type Slots } from './slots'

export interface Layout {
  readonly size: GridSize
  readonly slots: Slots
}

export interface NamedLayout extends Layout {
  readonly name: string
}

export interface Memory {
  readonly current: Layout | null
  readonly named: readonly NamedLayout[]
}

/** The part of localStorage used here. */
export interface Store {
  getItem(key: string): string | null
  setItem(key: string, value: string): void
}

export const NAMED_MAX = 30
export const NAME_MAX = 40

const keyOf = (user: string): string => `mingjing.wall.${user}`

export function remember(store: Store, user: string, memory: Memory): void {
  try {
    store.setItem(keyOf(user), JSON.stringify(memory))
  } catch {
    // Full or forbidden by the browser: the wall works, it is only not remembered.
  }
}

export function recall(store: Store, user: string): Memory {
  let value: unknown = null
  try {
    value = JSON.parse(store.getItem(keyOf(user)) ?? 'null')
  } catch {
    value = null
  }
  if (!isFields(value)) return { current: null, named: [] }
  const list = Array.isArray(value['named']) ? (value['named'] as unknown[]) : []
  return { current: layoutOf(value['current']), named: list.flatMap(namedOf).slice(0, NAMED_MAX) }
}

/** Adds a layout, or replaces the one of the same name. */
export function named(list: readonly NamedLayout[], name: string, layout: Layout): readonly NamedLayout[] {
  const short = name.trim().slice(0, NAME_MAX)
  const others = list.filter((other) => other.name !== short)
  return [...others, { ...layout, name: short }].slice(-NAMED_MAX)
}

function namedOf(value: unknown): NamedLayout[] {
  if (!isFields(value) || typeof value['name'] !== 'string' || value['name'] === '') return []
  const layout = layoutOf(value)
  return layout === null ? [] : [{ ...layout, name: value['name'].slice(0, NAME_MAX) }]
}

function layoutOf(value: unknown): Layout | null {
  if (!isFields(value) || !Array.isArray(value['slots'])) return null
  const size = GRID_SIZES.find((known) => known === value['size'])
  if (size === undefined) return null
  const slots = (value['slots'] as unknown[]).slice(0, SLOTS).map(slotOf)
  return { size, slots: emptySlots().map((_, index) => slots[index] ?? null) }
}

function slotOf(value: unknown): Slot | null {
  if (!isFields(value) || typeof value['device'] !== 'string') return null
  return { device: value['device'], pinned: value['pinned'] === true }
}

function isFields(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
