import { expect, it } from 'vitest'
import { offeredAudio, offeredVideo } from './codecs'

const h264 = (mode: number, profile: string) => ({ mimeType: 'video/H264', sdpFmtpLine: `packetization-mode=${mode};profile-level-id=${profile}` })
const named = (...names: string[]) => names.map((name) => ({ mimeType: name }))

it('offers H.264 in parts first, then what else the server carries, and what repairs them', () => {
  const codecs = [...named('video/VP8', 'video/rtx'), h264(0, '42001f'), h264(1, '42e01f'), ...named('video/H265', 'video/VP9', 'video/AV1', 'video/red', 'video/ulpfec')]
  expect(offeredVideo(codecs)).toEqual([h264(1, '42e01f'), h264(0, '42001f'), ...named('video/H265', 'video/rtx')])
})

it('keeps the order in which the browser prefers profiles', () => {
  expect(offeredVideo([h264(1, '640c1f'), h264(1, '42e01f')])).toEqual([h264(1, '640c1f'), h264(1, '42e01f')])
})

it('offers nothing where there is only what the server does not carry', () => {
  expect(offeredVideo(named('video/VP8', 'video/VP9', 'video/rtx'))).toEqual([])
})

it('offers Opus before G.711, and no redundancy', () => {
  expect(offeredAudio(named('audio/PCMU', 'audio/red', 'audio/opus', 'audio/CN', 'audio/PCMA'))).toEqual(
    named('audio/opus', 'audio/PCMA', 'audio/PCMU'),
  )
})
