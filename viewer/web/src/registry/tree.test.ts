import { describe, expect, it } from 'vitest'
import type { Checkpoint, Unit } from '@/api/types'
import { placeTree, unitsUnder, type PlaceNode } from './tree'

const unit = (id: string, parent: string | null): Unit => ({ id, name: id, parent })
const checkpoint = (id: string, of: string): Checkpoint => ({ id, name: id, unit: of, latitude: null, longitude: null, address: '' })

const units = [unit('city', null), unit('traffic', 'city'), unit('market', 'city'), unit('district', 'traffic')]
const checkpoints = [checkpoint('g25', 'traffic'), checkpoint('s14', 'district')]

function outline(nodes: readonly PlaceNode[]): unknown[] {
  return nodes.map((node) => [node.key, `${node.live}/${node.total}`, ...outline(node.children)])
}

describe('the tree of places', () => {
  it('counts a device at its checkpoint and at every unit above', () => {
    const devices = [
      { checkpoint: 'g25', live: true },
      { checkpoint: 's14', live: false },
    ]
    expect(outline(placeTree(units, checkpoints, devices, 'en'))).toEqual([
      [
        'unit:city',
        '1/2',
        ['unit:market', '0/0'],
        ['unit:traffic', '1/2', ['unit:district', '0/1', ['checkpoint:s14', '0/1']], ['checkpoint:g25', '1/1']],
      ],
    ])
  })

  it('makes roots of what hangs outside the scope', () => {
    const tree = placeTree([unit('district', 'traffic')], [checkpoint('far', 'elsewhere')], [], 'en')
    expect(tree.map((node) => node.key)).toEqual(['unit:district', 'checkpoint:far'])
  })

  it('survives units that are each other’s parents', () => {
    const circle = [unit('a', 'b'), unit('b', 'a')]
    expect(() => placeTree(circle, [checkpoint('c', 'a')], [{ checkpoint: 'c', live: true }], 'en')).not.toThrow()
  })
})

it('finds a unit and all units below it', () => {
  expect(unitsUnder(units, 'traffic')).toEqual(new Set(['traffic', 'district']))
  expect(unitsUnder(units, 'city').size).toBe(4)
})
