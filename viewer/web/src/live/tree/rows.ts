/* The tree beside the wall as a flat list of rows: units, their checkpoints, the devices there. Pure. */
import type { Device } from '@/api/types'
import type { PlaceNode } from '@/registry/tree'
import type { DeviceWord } from '@/status/device_state'

export type Filter = 'all' | 'online' | 'offline' | 'trouble'

export interface TreeDevice {
  readonly device: Device
  readonly word: DeviceWord
}

export interface PlaceRow {
  readonly kind: 'unit' | 'checkpoint'
  readonly key: string
  readonly id: string
  readonly depth: number
  readonly name: string
  readonly live: number
  readonly total: number
  readonly open: boolean
  /** Devices below, in the order of the tree: what a rotation over this place shows. */
  readonly devices: readonly string[]
}

export interface DeviceRow {
  readonly kind: 'device'
  readonly key: string
  readonly id: string
  readonly depth: number
  readonly name: string
  readonly word: DeviceWord
}

export type Row = PlaceRow | DeviceRow

export interface Counts {
  readonly online: number
  readonly offline: number
  /** Stalled, or sending what nobody can decode: a picture is due and does not come. */
  readonly trouble: number
}

/** Recorder 2 before recorder 10. */
const NAMES = new Intl.Collator('zh-CN', { numeric: true })
const byName = (a: TreeDevice, b: TreeDevice): number =>
  NAMES.compare(a.device.name || a.device.id, b.device.name || b.device.id)

const TROUBLE: ReadonlySet<DeviceWord> = new Set(['stalled', 'codec_not_supported'])

export function counts(devices: readonly TreeDevice[]): Counts {
  let online = 0
  let trouble = 0
  let offline = 0
  for (const { word } of devices) {
    if (word === 'live' || word === 'connecting') online += 1
    else if (TROUBLE.has(word)) trouble += 1
    else if (word !== 'disabled') offline += 1
  }
  return { online, offline, trouble }
}

export function passes(word: DeviceWord, filter: Filter): boolean {
  switch (filter) {
    case 'all':
      return true
    case 'online':
      return word === 'live' || word === 'connecting'
    case 'trouble':
      return TROUBLE.has(word)
    case 'offline':
      return word === 'offline' || word === 'never'
  }
}

/**
 * Rows to show. With a search or a filter only places with a hit are kept, and all of them open; a place whose own
 * name is found keeps all its devices.
 */
export function treeRows(
  roots: readonly PlaceNode[],
  devices: readonly TreeDevice[],
  closed: ReadonlySet<string>,
  search: string,
  filter: Filter,
): Row[] {
  const wanted = search.trim().toLowerCase()
  const narrowed = wanted !== '' || filter !== 'all'
  const at = new Map<string, TreeDevice[]>()
  for (const one of devices) {
    const list = at.get(one.device.checkpoint)
    if (list === undefined) at.set(one.device.checkpoint, [one])
    else list.push(one)
  }
  for (const list of at.values()) list.sort(byName)
  const found = (text: string): boolean => text.toLowerCase().includes(wanted)

  const below = (node: PlaceNode, depth: number, nameFound: boolean): { rows: Row[]; ids: string[] } => {
    const here = nameFound || (wanted !== '' && found(node.name))
    const rows: Row[] = []
    const ids: string[] = []
    for (const child of node.children) {
      const part = below(child, depth + 1, here)
      rows.push(...part.rows)
      ids.push(...part.ids)
    }
    for (const { device, word } of node.kind === 'checkpoint' ? (at.get(node.id) ?? []) : []) {
      const hit = wanted === '' || here || found(device.id) || found(device.name)
      if (!hit || !passes(word, filter)) continue
      ids.push(device.id)
      rows.push({ kind: 'device', key: `device:${device.id}`, id: device.id, depth: depth + 1, name: device.name, word })
    }
    if (narrowed && ids.length === 0 && !(filter === 'all' && here)) return { rows: [], ids }
    const open = narrowed || !closed.has(node.key)
    const { kind, key, id, name, live, total } = node
    const own: PlaceRow = { kind, key, id, depth, name, live, total, open, devices: ids }
    return { rows: open ? [own, ...rows] : [own], ids }
  }

  return roots.flatMap((root) => below(root, 0, false).rows)
}
