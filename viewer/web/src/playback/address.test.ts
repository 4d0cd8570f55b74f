import { describe, expect, it } from 'vitest'
import { dayBeside, dayOf, nameOfDay, placeFrom, placeOf, placeOfCase, queryOf } from './address'

const NOW = new Date(2026, 10, 24, 15, 0).getTime()

describe('the address of the page', () => {
  it('opens the same moment again', () => {
    const at = new Date(2026, 10, 20, 10, 11, 12, 345).getTime()
    const place = { devices: ['dev1', 'dev2'], channel: 'sub', day: '2026-11-20', atMs: at, spanMs: 60_000, case: '01ABC', officer: '31-0042' } as const
    expect(placeFrom(queryOf(place), NOW)).toEqual(place)
    const whole = { devices: ['dev1'], channel: 'main', day: '2026-11-20', atMs: null, spanMs: null, case: '', officer: '' } as const
    expect(placeFrom(queryOf(whole), NOW)).toEqual(whole)
  })

  it('makes of a mistyped link what can be made of it', () => {
    const query = { devices: 'a,a,../x,b,c,d,e', t: 'yesterday', span: '-4', day: '2026-02-30', channel: 'third', case: '../x' }
    expect(placeFrom(query, NOW)).toEqual({
      devices: ['a', 'b', 'c', 'd'],
      channel: 'main',
      day: '2026-11-24',
      atMs: null,
      spanMs: null,
      case: '',
      officer: '',
    })
    expect(placeFrom({}, NOW).devices).toEqual([])
    expect(queryOf(placeFrom({}, NOW))).toEqual({})
  })

  it('believes the moment more than the day beside it', () => {
    const t = new Date(2026, 10, 20, 10).toISOString()
    expect(placeFrom({ devices: 'a', t, day: '2026-11-19' }, NOW).day).toBe('2026-11-20')
  })

  it('shows an interval from its beginning, with its end on the ribbon', () => {
    const start = new Date(2026, 10, 20, 10).getTime()
    expect(placeFrom(placeOf(['a', 'b'], 'sub', start, start + 100_000), NOW)).toEqual({
      devices: ['a', 'b'],
      channel: 'sub',
      day: '2026-11-20',
      atMs: start,
      spanMs: 240_000,
      case: '',
      officer: '',
    })
    expect(placeOf(['a'], 'main', start, start + 5_000).span).toBe('60000')
  })

  it('keeps the case before a device is chosen', () => {
    const begun = new Date(2026, 10, 20, 10).getTime()
    expect(placeOfCase('01ABC', begun)).toEqual({ case: '01ABC', day: '2026-11-20' })
    expect(placeFrom(placeOfCase('01ABC', begun), NOW)).toMatchObject({ case: '01ABC', day: '2026-11-20', devices: [] })
  })

  it('counts days of local time', () => {
    expect(dayBeside('2026-03-01', -1)).toBe('2026-02-28')
    expect(nameOfDay(dayOf('2026-11-20')?.startMs ?? 0)).toBe('2026-11-20')
    expect(dayOf('2026-13-01')).toBeNull()
  })
})
