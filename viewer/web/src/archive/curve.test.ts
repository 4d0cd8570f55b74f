import { expect, it } from 'vitest'
import { curveOf } from './curve'

const forecast = {
  bytes_a_day: 10,
  stored_bytes: 50,
  capacity_bytes: 100,
  asked_bytes: 150,
  days_left: 5,
  short_at: '2027-01-20T00:00:00.000Z',
  curve: [
    { day: 0, bytes: 50 },
    { day: 10, bytes: 150 },
  ],
}

it('draws what is taken against what may be, and marks the day on which it is short', () => {
  expect(curveOf(forecast, 300, 165)).toEqual({ points: '0,115 300,15', limitY: 65, shortX: 150, days: 10 })
})

it('marks no day that is not on the curve', () => {
  expect(curveOf({ ...forecast, days_left: null }, 300, 165).shortX).toBeNull()
  expect(curveOf({ ...forecast, days_left: 11 }, 300, 165).shortX).toBeNull()
})
