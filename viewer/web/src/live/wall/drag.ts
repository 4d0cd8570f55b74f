/* What is dragged over the wall: a device from the tree, or a tile to another place. */

const DEVICE = 'application/x-mingjing-device'
const TILE = 'application/x-mingjing-tile'

export function dragDevice(event: DragEvent, device: string): void {
  event.dataTransfer?.setData(DEVICE, device)
  if (event.dataTransfer) event.dataTransfer.effectAllowed = 'copy'
}

export function dragTile(event: DragEvent, at: number): void {
  event.dataTransfer?.setData(TILE, String(at))
  if (event.dataTransfer) event.dataTransfer.effectAllowed = 'move'
}

export function isOurs(event: DragEvent): boolean {
  const types = event.dataTransfer?.types ?? []
  return types.includes(DEVICE) || types.includes(TILE)
}

export type Dropped = { readonly device: string } | { readonly tile: number } | null

export function dropped(event: DragEvent): Dropped {
  const device = event.dataTransfer?.getData(DEVICE) ?? ''
  if (device !== '') return { device }
  const tile = event.dataTransfer?.getData(TILE) ?? ''
  return tile === '' ? null : { tile: Number(tile) }
}
