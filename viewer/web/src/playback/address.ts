/* What of the page stands in its address, so that a link opens the same moment: devices, day, moment, how close. Pure. */
import type { ChannelName } from './contract'
import type { Span } from './spans'

export const DEVICES_MAX = 4 // pictures in step: more is for a wall

export interface Place {
  readonly devices: readonly string[]
  readonly channel: ChannelName
  /** YYYY-MM-DD, a day of this computer's time. */
  readonly day: string
  /** Milliseconds of UTC; null: from the first footage. */
  readonly atMs: number | null
  /** The case at hand, of which this is looked at; empty: none. */
  readonly case: string
  /** The certificate number of whose shifts this is looked at; empty: of nobody's. */
  readonly officer: string
  /** How much time the ribbon shows; null: the day. */
  readonly spanMs: number | null
}

/** The place where one sees an interval, whole and in its middle. */
export function placeOf(devices: readonly string[], channel: string, startMs: number, endMs: number, caseId = ''): Record<string, string> {
  const spanMs = Math.min(Math.max(AROUND_MIN_MS, AROUND * (endMs - startMs)), DAY_MS - 1)
  return queryOf({ devices, channel: channel === 'sub' ? 'sub' : 'main', day: nameOfDay(startMs), atMs: startMs, spanMs, case: caseId, officer: '' })
}

/** Where footage of a case is looked for: on the day on which it began. */
export function placeOfCase(caseId: string, begunMs: number): Record<string, string> {
  return queryOf({ devices: [], channel: 'main', day: nameOfDay(begunMs), atMs: null, spanMs: null, case: caseId, officer: '' })
}

const AROUND = 2.4 // the ribbon opens with its moment in the middle: so much for the end to be on it
const AROUND_MIN_MS = 60_000
const DAY_MS = 86_400_000

type Query = Readonly<Record<string, string | null | undefined | readonly (string | null)[]>>

const DEVICE = /^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$/
const OFFICER_MAX = 64
const CASE = /^[0-9A-Z]{1,64}$/i
const DAY = /^\d{4}-\d\d-\d\d$/

/** What cannot be is left out: a link somebody mistyped opens what is left of it. */
export function placeFrom(query: Query, nowMs: number): Place {
  const word = (name: string): string => (typeof query[name] === 'string' ? query[name] : '')
  const devices = [...new Set(word('devices').split(',').filter((id) => DEVICE.test(id)))].slice(0, DEVICES_MAX)
  const at = Date.parse(word('t'))
  const atMs = Number.isNaN(at) ? null : at
  const span = Number(word('span'))
  const day = DAY.test(word('day')) && dayOf(word('day')) !== null ? word('day') : nameOfDay(atMs ?? nowMs)
  const bounds = dayOf(day) as Span
  return {
    devices,
    channel: word('channel') === 'sub' ? 'sub' : 'main',
    day: atMs !== null && (atMs < bounds.startMs || atMs >= bounds.endMs) ? nameOfDay(atMs) : day,
    atMs,
    spanMs: span >= 1_000 && span < DAY_MS ? span : null,
    case: CASE.test(word('case')) ? word('case') : '',
    officer: word('officer').slice(0, OFFICER_MAX),
  }
}

export function queryOf(place: Place): Record<string, string> {
  const why: Record<string, string> = {
    ...(place.case === '' ? {} : { case: place.case }),
    ...(place.officer === '' ? {} : { officer: place.officer }),
  }
  if (place.devices.length === 0) return Object.keys(why).length === 0 ? {} : { ...why, day: place.day }
  return {
    ...why,
    devices: place.devices.join(','),
    ...(place.channel === 'sub' ? { channel: 'sub' } : {}),
    ...(place.atMs === null ? { day: place.day } : { t: new Date(place.atMs).toISOString() }),
    ...(place.spanMs === null ? {} : { span: String(Math.round(place.spanMs)) }),
  }
}

const two = (value: number): string => String(value).padStart(2, '0')

export function nameOfDay(atMs: number): string {
  const at = new Date(atMs)
  return `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}`
}

/** A day of this computer's time; 23 or 25 hours where clocks are put forward and back. Null for 30 February. */
export function dayOf(name: string): Span | null {
  const [year, month, day] = name.split('-').map(Number) as [number, number, number]
  const start = new Date(year, month - 1, day)
  if (start.getMonth() !== month - 1) return null
  return { startMs: start.getTime(), endMs: new Date(year, month - 1, day + 1).getTime() }
}

export function dayBeside(name: string, days: number): string {
  const [year, month, day] = name.split('-').map(Number) as [number, number, number]
  return nameOfDay(new Date(year, month - 1, day + days).getTime())
}
