import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { talkMessageOf, type TalkMessage } from './messages'
import { NoMicrophone } from './microphone'
import { SILENT, type TalkStatus } from './status'
import { TalkKey } from './talk_key'

const TRACK = { kind: 'audio' } as MediaStreamTrack

class Line {
  status: TalkStatus = SILENT
  said: boolean[] = []
  sent: (MediaStreamTrack | null)[] = []
  released = 0
  opened = Promise.resolve(TRACK)
  readonly key = new TalkKey(
    {
      microphone: () => this.opened,
      letGo: () => (this.released += 1),
      send: (track) => this.sent.push(track),
      say: (down) => this.said.push(down),
    },
    (status) => (this.status = status),
  )

  tell(state: TalkMessage['state'], reason = '', by = ''): void {
    this.key.told({ type: 'talk', state, by, reason })
  }

  async granted(): Promise<void> {
    this.key.hold()
    await Promise.resolve()
    this.tell('granted', '', 'li')
  }
}

let line: Line

beforeEach(() => {
  vi.stubGlobal('window', globalThis)
  vi.useFakeTimers()
  line = new Line()
})
afterEach(() => {
  vi.useRealTimers()
  vi.unstubAllGlobals()
})

describe('TalkKey', () => {
  it('puts the microphone into the line once it is granted, and takes it out when the key is up', async () => {
    line.key.hold()
    expect(line.status.state).toBe('asking')
    await Promise.resolve()
    expect([line.said, line.sent]).toEqual([[true], []])
    line.tell('granted', '', 'li')
    expect([line.status.state, line.sent]).toEqual(['talking', [TRACK]])
    line.key.release()
    expect([line.status.state, line.said, line.sent, line.released]).toEqual(['idle', [true, false], [TRACK, null], 1])
    line.tell('ended', 'released')
    expect(line.status).toEqual(SILENT)
  })

  it('is silent where the key is up before the microphone is open, or before the server has answered', async () => {
    line.key.hold()
    line.key.release()
    await Promise.resolve()
    expect([line.said, line.sent, line.released]).toEqual([[false], [], 1])
    line.key.hold()
    await Promise.resolve()
    line.key.release()
    line.tell('granted', '', 'li')
    expect(line.sent).toEqual([null])
    expect(line.status.state).toBe('idle')
  })

  it('takes no press for the one before', async () => {
    line.key.hold()
    line.key.release()
    line.key.hold()
    await Promise.resolve()
    expect(line.said).toEqual([false, true])
  })

  it('says who talks, and that nobody does any more', async () => {
    line.tell('busy', '', 'wang')
    expect(line.status).toMatchObject({ state: 'busy', by: 'wang' })
    line.tell('ended')
    expect(line.status).toEqual(SILENT)
    line.key.hold()
    await Promise.resolve()
    line.tell('busy', 'busy', 'wang')
    expect(line.status).toMatchObject({ state: 'busy', by: 'wang' })
    expect(line.said).toEqual([true, false])
    line.key.release()
    expect(line.status.state).toBe('busy')
  })

  it('says why not for a while', async () => {
    line.opened = Promise.reject(new NoMicrophone('denied'))
    line.key.hold()
    await Promise.resolve()
    await Promise.resolve()
    expect([line.status.state, line.status.reason, line.said]).toEqual(['refused', 'denied', []])
    line.key.release()
    vi.advanceTimersByTime(6_000)
    expect(line.status).toEqual(SILENT)

    line.opened = Promise.resolve(TRACK)
    line.key.hold()
    await Promise.resolve()
    line.tell('refused', 'not_recorded')
    expect([line.status.reason, line.said, line.sent]).toEqual(['not_recorded', [true, false], [null]])
  })

  it('knows before the press that it would come to nothing', () => {
    line.key.viewed('device_cannot')
    expect(line.status).toMatchObject({ state: 'idle', whyNot: 'device_cannot' })
    line.key.hold()
    expect([line.status.state, line.status.reason, line.said]).toEqual(['refused', 'device_cannot', []])
    line.key.viewed('')
    expect(line.status.whyNot).toBe('')
  })

  it.each(['time_over', 'device_gone'])('is silent when the server ends it (%s)', async (reason) => {
    await line.granted()
    line.tell('ended', reason)
    expect([line.status.state, line.status.reason, line.sent.at(-1)]).toEqual(['refused', reason, null])
    line.key.release()
    expect(line.said).toEqual([true, false])
  })

  it('lets go of everything at the end of the view', async () => {
    await line.granted()
    line.key.close()
    expect([line.sent.at(-1), line.released]).toEqual([null, 1])
    line.key.hold()
    expect(line.said).toEqual([true, false])
  })
})

describe('talkMessageOf', () => {
  it('reads what it knows', () => {
    expect(talkMessageOf({ type: 'talk', state: 'busy', by: 'li', reason: null })).toEqual({ type: 'talk', state: 'busy', by: 'li', reason: '' })
    expect(talkMessageOf({ type: 'talk', state: 'sung' })).toBeNull()
  })
})
