/* Units and checkpoints as one tree, with how many devices are live below each node. Pure. */
import type { Checkpoint, Unit } from '@/api/types'

export interface PlaceNode {
  /** `unit:ID` or `checkpoint:ID`: ids of the two kinds may coincide. */
  key: string
  kind: 'unit' | 'checkpoint'
  id: string
  name: string
  live: number
  total: number
  children: PlaceNode[]
}

export interface Counted {
  checkpoint: string
  live: boolean
}

export const placeKey = (kind: PlaceNode['kind'], id: string): string => `${kind}:${id}`

/** A unit whose parent is unknown (outside the user's scope) is a root; so is a checkpoint whose unit is unknown. */
export function placeTree(
  units: readonly Unit[],
  checkpoints: readonly Checkpoint[],
  devices: readonly Counted[],
  language: string,
): PlaceNode[] {
  const nodes = new Map<string, PlaceNode>()
  const roots: PlaceNode[] = []
  const parentOf = new Map(units.map((unit) => [unit.id, unit.parent]))

  const add = (kind: PlaceNode['kind'], id: string, name: string): PlaceNode => {
    const node: PlaceNode = { key: placeKey(kind, id), kind, id, name: name || id, live: 0, total: 0, children: [] }
    nodes.set(node.key, node)
    return node
  }
  const hang = (node: PlaceNode, unit: string | null): void => {
    const parent = unit === null ? undefined : nodes.get(placeKey('unit', unit))
    ;(parent?.children ?? roots).push(node)
  }

  for (const unit of units) add('unit', unit.id, unit.name)
  for (const unit of units) hang(nodes.get(placeKey('unit', unit.id)) as PlaceNode, unit.parent)
  const unitOf = new Map<string, string>()
  for (const checkpoint of checkpoints) {
    unitOf.set(checkpoint.id, checkpoint.unit)
    hang(add('checkpoint', checkpoint.id, checkpoint.name), checkpoint.unit)
  }

  const count = (node: PlaceNode | undefined, live: boolean): void => {
    if (node === undefined) return
    node.total += 1
    if (live) node.live += 1
  }
  for (const device of devices) {
    count(nodes.get(placeKey('checkpoint', device.checkpoint)), device.live)
    let unit: string | null | undefined = unitOf.get(device.checkpoint)
    const seen = new Set<string>() // a circle of parents must not hang the page
    while (unit !== undefined && unit !== null && !seen.has(unit)) {
      seen.add(unit)
      count(nodes.get(placeKey('unit', unit)), device.live)
      unit = parentOf.get(unit)
    }
  }

  const sort = (list: PlaceNode[]): PlaceNode[] => {
    list.sort((a, b) => (a.kind === b.kind ? a.name.localeCompare(b.name, language) : a.kind === 'unit' ? -1 : 1))
    for (const node of list) sort(node.children)
    return list
  }
  return sort(roots)
}

/** Ids of the unit and of all units below it. */
export function unitsUnder(units: readonly Unit[], root: string): Set<string> {
  const found = new Set([root])
  let before = 0
  while (found.size !== before) {
    before = found.size
    for (const unit of units) if (unit.parent !== null && found.has(unit.parent)) found.add(unit.id)
  }
  return found
}
