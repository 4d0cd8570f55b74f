import { beforeEach, describe, expect, it } from 'vitest'
import { grade, LinkMeter } from './link_meter'

let meter: LinkMeter

beforeEach(() => {
  meter = new LinkMeter()
})

/** What a browser counts after `seconds` of 25 pictures of 4 packets and 5,000 bytes. */
function counted(seconds: number, more: { resent?: number; lost?: number; roundTrip?: number } = {}) {
  return [
    {
      ...{ type: 'outbound-rtp', kind: 'video', codecId: 'c', frameWidth: 1280, frameHeight: 720 },
      ...{ bytesSent: seconds * 125_000, framesSent: seconds * 25, packetsSent: seconds * 100, retransmittedPacketsSent: more.resent ?? 0 },
    },
    { id: 'c', type: 'codec', mimeType: 'video/H264' },
    { type: 'remote-inbound-rtp', kind: 'video', fractionLost: more.lost ?? 0 },
    { type: 'candidate-pair', state: 'succeeded', nominated: true, currentRoundTripTime: more.roundTrip ?? 0.04 },
  ]
}

describe('LinkMeter', () => {
  it('says nothing from one sample, and nothing where nothing is sent', () => {
    expect(meter.read(counted(1), 1_000, 25)).toBeNull()
    expect(meter.read([{ type: 'transport' }], 2_000, 25)).toBeNull()
  })

  it('reckons over the last seconds', () => {
    meter.read(counted(1), 1_000, 25)
    expect(meter.read(counted(2), 2_000, 25)).toEqual({
      ...{ roundTripMs: 40, loss: 0, bitrateKbps: 1_000, fps: 25, width: 1280, height: 720, codec: 'h264', grade: 'good' },
    })
  })

  it('calls lost what had to be sent again, though all of it came in the end', () => {
    meter.read(counted(1), 1_000, 25)
    expect(meter.read(counted(2, { resent: 12 }), 2_000, 25)).toMatchObject({ loss: 0.12, grade: 'poor' })
  })

  it('forgets a burst after three seconds', () => {
    for (let second = 1; second <= 3; second += 1) meter.read(counted(second, { resent: second * 20 }), second * 1_000, 25)
    for (let second = 4; second <= 5; second += 1) meter.read(counted(second, { resent: 60 }), second * 1_000, 25)
    expect(meter.read(counted(6, { resent: 60 }), 6_000, 25)).toMatchObject({ loss: 0, grade: 'good' })
  })

  it('begins anew with another connection, whose counts begin at nothing', () => {
    meter.read(counted(100), 100_000, 25)
    expect(meter.read(counted(1), 101_000, 25)).toBeNull()
    expect(meter.read(counted(2), 102_000, 25)).toMatchObject({ bitrateKbps: 1_000, fps: 25 })
  })
})

describe('grade', () => {
  it.each([
    [{ roundTripMs: 299, loss: 0.019, fps: 25 }, 'good'],
    [{ roundTripMs: 300, loss: 0, fps: 25 }, 'fair'],
    [{ roundTripMs: 40, loss: 0.02, fps: 25 }, 'fair'],
    [{ roundTripMs: 40, loss: 0, fps: 18 }, 'fair'],
    [{ roundTripMs: 40, loss: 0, fps: 9 }, 'poor'],
    [{ roundTripMs: 800, loss: 0, fps: 25 }, 'poor'],
    [{ roundTripMs: null, loss: null, fps: 25 }, 'good'],
  ] as const)('%j is %s', (figures, expected) => {
    expect(grade(figures, 25)).toBe(expected)
  })

  it('does not hold few pictures against the link of a camera that does not say how many it gives', () => {
    expect(grade({ roundTripMs: 40, loss: 0, fps: 5 }, 0)).toBe('good')
  })
})
