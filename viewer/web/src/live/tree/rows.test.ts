import { describe, expect, it } from 'vitest'
import type { Device } from '@/api/types'
import { placeTree } from '@/registry/tree'
import type { DeviceWord } from '@/status/device_state'
import { counts, type TreeDevice, treeRows } from './rows'

const device = (id: string, checkpoint: string, word: DeviceWord, name = ''): TreeDevice => ({
  word,
  device: {
    id,
    version: 1,
    name,
    checkpoint,
    model: '',
    unit: 'u1',
    enabled: word !== 'disabled',
    created_at: '',
    last_seen: null,
    last_refusal: null,
    fetched: false,
    rtsp_url: 'rtsp://127.0.0.1:8554/d',
    rtsps_url: null,
    whip_url: 'http://127.0.0.1:8080/whip/d',
    channels: [],
  } satisfies Device,
})

const place = { latitude: null, longitude: null, address: '' }
const devices = [
  device('dev1', 'c1', 'live', '东门一号'),
  device('dev2', 'c1', 'offline'),
  device('dev3', 'c2', 'stalled'),
  device('dev4', 'c2', 'disabled'),
]
const roots = placeTree(
  [
    { id: 'u1', name: '交通支队', parent: null },
    { id: 'u2', name: '一大队', parent: 'u1' },
  ],
  [
    { id: 'c1', name: '东门治超站', unit: 'u2', ...place },
    { id: 'c2', name: '西门治超站', unit: 'u1', ...place },
  ],
  devices.map((one) => ({ checkpoint: one.device.checkpoint, live: one.word === 'live' })),
  'zh-CN',
)
const keys = (closed: string[], search = '', filter: 'all' | 'online' | 'offline' | 'trouble' = 'all') =>
  treeRows(roots, devices, new Set(closed), search, filter).map((row) => `${'  '.repeat(row.depth)}${row.key}`)

describe('treeRows', () => {
  it('lists units, checkpoints and devices under each other', () => {
    expect(keys([])).toEqual([
      'unit:u1',
      '  unit:u2',
      '    checkpoint:c1',
      '      device:dev1',
      '      device:dev2',
      '  checkpoint:c2',
      '    device:dev3',
      '    device:dev4',
    ])
  })

  it('sorts devices as people count', () => {
    const many = [10, 2, 1].map((n) => device(`dev${n}`, 'c1', 'live'))
    const ids = treeRows(roots, many, new Set(), '', 'all').flatMap((row) => (row.kind === 'device' ? [row.id] : []))
    expect(ids).toEqual(['dev1', 'dev2', 'dev10'])
  })

  it('hides what is below a closed place, and still knows its devices', () => {
    const rows = treeRows(roots, devices, new Set(['unit:u2']), '', 'all')
    expect(rows.map((row) => row.key)).not.toContain('device:dev1')
    const unit = rows.find((row) => row.key === 'unit:u2')
    expect(unit?.kind === 'unit' && unit.devices).toEqual(['dev1', 'dev2'])
  })

  it('finds devices by id and name, and opens the way to them', () => {
    expect(keys(['unit:u1'], 'DEV3')).toEqual(['unit:u1', '  checkpoint:c2', '    device:dev3'])
    expect(keys([], '一号')).toContain('      device:dev1')
    expect(keys([], 'nowhere')).toEqual([])
  })

  it('keeps all devices of a place that is found itself', () => {
    expect(keys([], '东门治超')).toEqual(['unit:u1', '  unit:u2', '    checkpoint:c1', '      device:dev1', '      device:dev2'])
  })

  it('filters by state, also within a search', () => {
    expect(keys([], '', 'trouble')).toEqual(['unit:u1', '  checkpoint:c2', '    device:dev3'])
    expect(keys([], 'dev', 'offline').filter((key) => key.includes('device'))).toEqual(['      device:dev2'])
  })
})

describe('counts', () => {
  it('counts a disabled device nowhere', () => {
    expect(counts(devices)).toEqual({ online: 1, offline: 1, trouble: 1 })
  })
})
