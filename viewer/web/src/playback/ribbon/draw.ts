/* Draws one lane of the ribbon: footage solid, gaps hatched, originals as what closes them, clips as brackets, holds with a lock. Thousands of spans cost a canvas nothing, and the page much. */
import type { KeptSpan, Lane } from '../contract'
import type { Span } from '../spans'
import { type Scale, xOf } from './scale'

const FOOTAGE_MIN_PX = 1
const GAP_MIN_PX = 2 // a gap of a second has to be seen on a ribbon of a day
const HATCH_PX = 5
const EDGE_PX = 3 // above and below footage: brackets stand there
const PICTURE_EDGE_PX = 4
const ORIGINAL_PX = 3
const WIDEST = 16 / 9 // places are made for it

export interface Colours {
  readonly footage: string
  readonly gap: string
  readonly ground: string
  readonly clip: string
  readonly hold: string
  readonly original: string
}

export interface StripPicture {
  readonly atMs: number
  readonly image: ImageBitmap
}

export interface DrawnLane {
  readonly lane: Lane
  readonly scale: Scale
  readonly nowMs: number
  readonly strip: readonly StripPicture[]
}

export function drawLane(canvas: HTMLCanvasElement, { lane, scale, nowMs, strip }: DrawnLane, colours: Colours): void {
  const ratio = window.devicePixelRatio || 1
  const { clientWidth: width, clientHeight: height } = canvas
  canvas.width = Math.round(width * ratio)
  canvas.height = Math.round(height * ratio)
  const to = canvas.getContext('2d')
  if (to === null || width === 0) return
  to.scale(ratio, ratio)
  to.fillStyle = colours.ground
  to.fillRect(0, 0, width, height)
  /** Fills a span as high as footage is, or `high` of it from below. */
  const fill = (span: Span, style: string | CanvasPattern, leastPx: number, high = height - 2 * EDGE_PX): void => {
    if (span.endMs < scale.startMs || span.startMs > scale.endMs) return
    const from = Math.max(0, xOf(scale, width, span.startMs))
    to.fillStyle = style
    to.fillRect(from, height - EDGE_PX - high, Math.max(leastPx, Math.min(width, xOf(scale, width, span.endMs)) - from), high)
  }
  for (const run of lane.runs) fill(run, colours.footage, FOOTAGE_MIN_PX)
  for (const one of strip) drawPicture(to, one.image, xOf(scale, width, one.atMs), height)
  const hatch = hatching(to, colours)
  for (const gap of lane.gaps) {
    const span = gap.ongoing ? { ...gap, endMs: Math.max(gap.endMs, nowMs) } : gap
    fill(span, colours.ground, GAP_MIN_PX)
    fill(span, hatch ?? colours.gap, GAP_MIN_PX)
    // Half of it solid: there is no live copy, and there is something.
    for (const one of gap.closedBy) fill(one, colours.original, GAP_MIN_PX, height / 2 - EDGE_PX)
  }
  for (const one of lane.originals) fill(one, colours.original, FOOTAGE_MIN_PX, ORIGINAL_PX)
  for (const one of lane.kept) {
    if (one.endMs < scale.startMs || one.startMs > scale.endMs) continue
    drawKept(to, one, xOf(scale, width, one.startMs), xOf(scale, width, one.endMs), height, colours)
  }
}

/** Its left edge is its moment. */
function drawPicture(to: CanvasRenderingContext2D, image: ImageBitmap, x: number, height: number): void {
  const high = height - 2 * PICTURE_EDGE_PX
  to.drawImage(image, Math.round(x), PICTURE_EDGE_PX, Math.min((high * image.width) / image.height, high * WIDEST), high)
}

const KEPT_MIN_PX = 5
const FOOT_PX = 4
const LOCK_PX = 9
const EDGE = '#05070a' // around what is drawn on footage, so that it stands out from it

/** A bracket whose feet stand at both ends; it opens downwards, that of a hold upwards, so that both can be seen at once. */
function drawKept(to: CanvasRenderingContext2D, one: KeptSpan, fromX: number, endX: number, height: number, colours: Colours): void {
  const [from, end] = [Math.round(fromX) + 0.5, Math.max(Math.round(fromX) + KEPT_MIN_PX, Math.round(endX)) - 0.5]
  const clip = one.kind === 'clip'
  const [edge, foot] = clip ? [1, height - 2] : [height - 1, height - 1 - FOOT_PX]
  for (const [colour, wide] of [[EDGE, 4], [clip ? colours.clip : colours.hold, 2]] as const) {
    to.strokeStyle = colour
    to.lineWidth = wide
    to.beginPath()
    to.moveTo(from, foot)
    to.lineTo(from, edge)
    to.lineTo(end, edge)
    to.lineTo(end, foot)
    to.stroke()
  }
  if (!clip) drawLock(to, Math.max(2, from) + 3, height / 2 - LOCK_PX / 2, colours.hold)
}

function drawLock(to: CanvasRenderingContext2D, x: number, y: number, colour: string): void {
  to.fillStyle = EDGE
  to.fillRect(x - 1.5, y - 1.5, LOCK_PX + 3, LOCK_PX + 3)
  to.fillStyle = to.strokeStyle = colour
  to.lineWidth = 1.5
  to.fillRect(x, y + 4, LOCK_PX, LOCK_PX - 4)
  to.beginPath()
  to.arc(x + LOCK_PX / 2, y + 4, 2.8, Math.PI, 0)
  to.stroke()
}

function hatching(to: CanvasRenderingContext2D, { gap }: Colours): CanvasPattern | null {
  const tile = document.createElement('canvas')
  tile.width = tile.height = HATCH_PX
  const on = tile.getContext('2d')
  if (on === null) return null
  on.strokeStyle = gap
  on.lineWidth = 1.4
  for (const shift of [-HATCH_PX, 0, HATCH_PX]) {
    on.moveTo(shift, HATCH_PX)
    on.lineTo(shift + HATCH_PX, 0)
  }
  on.stroke()
  return to.createPattern(tile, 'repeat')
}

export function coloursOf(element: HTMLElement): Colours {
  const style = getComputedStyle(element)
  const colour = (name: string): string => style.getPropertyValue(name).trim()
  return { footage: colour('--footage'), gap: colour('--warn'), ground: colour('--panel-sunk'), clip: colour('--clip'), hold: colour('--hold'), original: colour('--original') }
}
