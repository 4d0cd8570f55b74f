import { expect, it } from 'vitest'
import liveEn from '@/live/locales/en'
import liveZh from '@/live/locales/zh-CN'
import playbackEn from '@/playback/locales/en'
import playbackZh from '@/playback/locales/zh-CN'
import publishEn from '@/publish/locales/en'
import publishZh from '@/publish/locales/zh-CN'
import en from './en'
import zh from './zh-CN'

type Words = { [key: string]: string | Words }

function leaves(words: Words, at = ''): Map<string, string> {
  const found = new Map<string, string>()
  for (const [key, value] of Object.entries(words)) {
    if (typeof value === 'string') found.set(`${at}${key}`, value)
    else for (const [deeper, text] of leaves(value, `${at}${key}.`)) found.set(deeper, text)
  }
  return found
}

const placeholders = (text: string): string[] => [...new Set(text.match(/\{\w+\}/g) ?? [])].sort()

it.each([
  ['pages', zh, en],
  ['live wall', liveZh, liveEn],
  ['playback', playbackZh, playbackEn],
  ['publish page', publishZh, publishEn],
])('says the same in both languages: %s', (_, chinese: Words, english: Words) => {
  const [from, to] = [leaves(chinese), leaves(english)]
  expect([...to.keys()].sort()).toEqual([...from.keys()].sort())
  for (const [key, text] of from) expect([key, placeholders(to.get(key) ?? '')]).toEqual([key, placeholders(text)])
})
