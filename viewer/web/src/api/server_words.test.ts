import { expect, it } from 'vitest'
import en from '@/locales/en/problem'
import zh from '@/locales/zh-CN/problem'
import { recognise, SENTENCES } from './server_words'

it.each([
  ['There is a device g25-01 already.', 'taken', { id: 'g25-01' }],
  ['Use at least 12 characters.', 'atLeast', { n: '12' }],
  ['The name has 200 characters.', 'tooLong', { field: 'name' }],
  ['Use at most 128.', 'atMost', { n: '128' }],
  ['hz still has 2 units and 3 checkpoints.', 'stillPlaces', { units: '2', checkpoints: '3' }],
  ['secadmin is the last security_admin.', 'lastAdministrator', { role: 'security_admin' }],
  ["The URL's host is no IPv6 address.", 'noRtspUrl', {}],
  ['There are 16 stream passwords already.', 'streamPasswords', { n: '16' }],
  ['The URL holds a user or password.', 'urlSecret', {}],
  ['The password was given for another host or user.', 'passwordElsewhere', {}],
])('knows %j', (sentence, key, values) => {
  expect(recognise(sentence)).toEqual({ key, values })
  expect([key in zh.problem.server, key in en.problem.server]).toEqual([true, true])
})

it('says in both languages all that it recognises', () => {
  const keys = new Set(SENTENCES.map(([, key]) => key))
  expect([...keys].filter((key) => !(key in zh.problem.server) || !(key in en.problem.server))).toEqual([])
})

it('leaves alone what it does not know', () => {
  expect(recognise('The moon is too close.')).toBeNull()
})
