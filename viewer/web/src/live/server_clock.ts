/* The one estimate of the server's time that all tiles of this tab share, and the one question why a
   picture was refused. */
import { answer, api } from '@/api/client'
import { Problem } from '@/api/problem'
import { readDevice } from '@/registry/changes'
import { useSession } from '@/session/store'
import { ServerClock } from './player/clock'
import type { Refusal } from './player/connection'

export const serverClock = new ServerClock()

/** One exchange bounds the server's time from above; the fragments bound it from below all the time. */
export async function askServerTime(): Promise<void> {
  const sentMs = performance.now()
  try {
    const data = await answer(api.GET('/api/v1/session'))
    serverClock.observeExchange(sentMs, performance.now(), Date.parse(data.server_time))
  } catch {
    // Away or logged out: both are told by others, and the lower bound still holds.
  }
}

/** The server's UTC in milliseconds, or this computer's while nothing is known. */
export function serverNowMs(): number {
  return serverClock.serverMs(performance.now()) ?? Date.now()
}

let asking: Promise<Refusal> | null = null

/** Why the picture of this device was refused. A server that cannot record a view shows none, to anybody: it is as good
    as away, and the tile goes on trying. */
export async function whyRefused(device: string): Promise<Refusal> {
  // Sixteen tiles lose their sockets in one instant: they ask for the session once together.
  asking ??= ask().finally(() => (asking = null))
  const answer = await asking
  return answer === 'refused' && (await maySee(device)) ? 'away' : answer
}

async function ask(): Promise<Refusal> {
  const session = useSession()
  try {
    await session.load()
    return session.active ? 'refused' : 'expired'
  } catch {
    return 'away'
  }
}

async function maySee(device: string): Promise<boolean> {
  if (!useSession().may('live.open')) return false
  try {
    await readDevice(device)
    return true
  } catch (error) {
    return !(error instanceof Problem) || (error.status !== 403 && error.status !== 404)
  }
}
