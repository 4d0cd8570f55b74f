import { describe, expect, it } from 'vitest'
import { InboundMeter } from './meter'

function counted(seconds: number, more: Readonly<Record<string, unknown>> = {}) {
  return [
    {
      ...{ type: 'inbound-rtp', kind: 'video', bytesReceived: seconds * 120_000, packetsReceived: seconds * 95, packetsLost: seconds * 5 },
      ...{ framesDecoded: seconds * 25, framesDropped: 2, jitter: 0.0042, ...more },
    },
    { type: 'inbound-rtp', kind: 'audio', bytesReceived: seconds * 5_000 },
    { type: 'candidate-pair', nominated: true, state: 'succeeded', currentRoundTripTime: 0.02 },
  ]
}

describe('InboundMeter', () => {
  it('reckons pictures, bits and loss of the last seconds', () => {
    const meter = new InboundMeter()
    meter.read(counted(1), 1_000)
    expect(meter.read(counted(2), 2_000)).toEqual({ bitrateKbps: 1_000, fps: 25, loss: 0.05, jitterMs: 4, roundTripMs: 20, decodedPictures: 50, droppedPictures: 2 })
  })

  it('says nothing without a picture, and nothing per second from one sample', () => {
    const meter = new InboundMeter()
    expect(meter.read([{ type: 'transport' }], 1_000)).toBeNull()
    expect(meter.read(counted(1), 2_000)).toMatchObject({ bitrateKbps: 0, fps: 0, loss: null, decodedPictures: 25 })
  })

  it('is not less than nothing when late packets come after all', () => {
    const meter = new InboundMeter()
    meter.read(counted(1), 1_000)
    expect(meter.read(counted(2, { packetsLost: 1 }), 2_000)?.loss).toBe(0)
  })
})
