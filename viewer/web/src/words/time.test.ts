import { describe, expect, it } from 'vitest'
import { ago, localTime } from './time'

const NOW = Date.parse('2026-11-24T12:00:00.000Z')
const before = (seconds: number): string => new Date(NOW - seconds * 1_000).toISOString()

describe('how long ago', () => {
  it('uses the largest unit that fits', () => {
    expect(ago(before(90), NOW, 'en')).toBe('1 min. ago')
    expect(ago(before(3 * 3600 + 5), NOW, 'zh-CN')).toBe('3小时前')
    expect(ago(before(2 * 86_400), NOW, 'zh-CN')).toBe('前天')
  })

  it('never says that something will have happened: clocks differ', () => {
    expect(ago(before(-30), NOW, 'en')).toBe('now')
  })

  it('is silent about no time and about nonsense', () => {
    expect(ago(null, NOW, 'en')).toBe('')
    expect(ago('yesterday', NOW, 'en')).toBe('')
    expect(localTime('yesterday')).toBe('')
  })
})
