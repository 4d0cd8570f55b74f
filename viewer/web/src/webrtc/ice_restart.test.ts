import { expect, it } from 'vitest'
import { restartedAnswer, restartFragment } from './ice_restart'

const text = (...lines: string[]): string => lines.map((line) => `${line}\r\n`).join('')

const OFFER = text(
  ...['v=0', 'o=- 1 2 IN IP4 127.0.0.1', 's=-', 't=0 0', 'a=group:BUNDLE 0 1'],
  ...['m=video 9 UDP/TLS/RTP/SAVPF 102', 'a=ice-ufrag:new', 'a=ice-pwd:newpassword', 'a=fingerprint:sha-256 AB', 'a=mid:0'],
  ...['m=audio 9 UDP/TLS/RTP/SAVPF 111', 'a=ice-ufrag:new', 'a=ice-pwd:newpassword', 'a=mid:1'],
)
const ANSWER = text(
  ...['v=0', 'o=- 7 1 IN IP4 0.0.0.0', 's=-', 't=0 0', 'a=ice-lite', 'a=group:BUNDLE 0 1'],
  ...['m=video 9 UDP/TLS/RTP/SAVPF 102', 'a=mid:0', 'a=ice-ufrag:old', 'a=ice-pwd:oldpassword', 'a=candidate:1 1 udp 1 192.0.2.1 8189 typ host'],
  ...['a=end-of-candidates', 'a=setup:passive'],
  ...['m=audio 9 UDP/TLS/RTP/SAVPF 111', 'a=mid:1', 'a=recvonly'],
)
const FRAGMENT = text(
  ...['a=ice-lite', 'a=group:BUNDLE 0 1', 'm=video 9 UDP/TLS/RTP/SAVPF 102', 'a=mid:0', 'a=ice-ufrag:fresh', 'a=ice-pwd:freshpassword'],
  ...['a=candidate:1 1 udp 1 192.0.2.9 8189 typ host', 'a=end-of-candidates'],
)

it('sends of an offer what a restart is asked for with', () => {
  expect(restartFragment(OFFER)).toBe(
    text('a=group:BUNDLE 0 1', 'a=ice-ufrag:new', 'a=ice-pwd:newpassword', 'm=video 9 UDP/TLS/RTP/SAVPF 102', 'a=mid:0'),
  )
})

it('puts the new credentials and candidates where the old ones were, and leaves the rest', () => {
  const restarted = restartedAnswer(ANSWER, FRAGMENT)
  expect(restarted).toBe(
    ANSWER.replace('a=ice-ufrag:old', 'a=ice-ufrag:fresh')
      .replace('oldpassword', 'freshpassword')
      .replace('192.0.2.1 ', '192.0.2.9 '),
  )
})
