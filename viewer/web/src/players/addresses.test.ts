import { expect, it } from 'vitest'
import { playerAddresses } from './addresses'

const login = { user: 'wang.li', password: 'k7m2' }
const device = { rtsp_url: 'rtsp://video.example:8554/dev1', rtsps_url: null }

it('puts the login into the address, once', () => {
  expect(playerAddresses(device, 'main', login)).toEqual({
    rtsp: 'rtsp://wang.li:k7m2@video.example:8554/dev1',
    rtsps: null,
    plain: 'rtsp://video.example:8554/dev1',
    ffplay: 'ffplay -rtsp_transport tcp "rtsp://wang.li:k7m2@video.example:8554/dev1"',
    vlc: 'vlc --rtsp-tcp "rtsp://wang.li:k7m2@video.example:8554/dev1"',
  })
})

it('knows the sub channel, TLS, and a host that is an IPv6 address', () => {
  const six = { rtsp_url: 'rtsp://[fd00::7]:8554/dev1', rtsps_url: 'rtsps://[fd00::7]:8322/dev1' }
  expect(playerAddresses(six, 'sub', login)).toMatchObject({
    rtsp: 'rtsp://wang.li:k7m2@[fd00::7]:8554/dev1/sub',
    rtsps: 'rtsps://wang.li:k7m2@[fd00::7]:8322/dev1/sub',
    plain: 'rtsp://[fd00::7]:8554/dev1/sub',
  })
})
