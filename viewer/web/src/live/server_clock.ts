/* The one estimate of the server's time that all tiles of this tab share, and the one question whether the session is
   still good. */
import { call } from '@/api/client'
import type { SessionInfo } from '@/api/types'
import { useSession } from '@/session/store'
import { ServerClock } from './player/clock'

export const serverClock = new ServerClock()

/** One exchange bounds the server's time from above; the fragments bound it from below all the time. */
export async function askServerTime(): Promise<void> {
  const sentMs = performance.now()
  try {
    const { data } = await call<SessionInfo>('GET', '/session')
    serverClock.observeExchange(sentMs, performance.now(), Date.parse(data.server_time))
  } catch {
    // Away or logged out: both are told by others, and the lower bound still holds.
  }
}

/** The server's UTC in milliseconds, or this computer's while nothing is known. */
export function serverNowMs(): number {
  return serverClock.serverMs(performance.now()) ?? Date.now()
}

let asking: Promise<boolean> | null = null

/** Sixteen tiles lose their sockets in one instant: they ask once together. A server out of reach is no answer. */
export function stillLoggedIn(): Promise<boolean> {
  asking ??= ask().finally(() => (asking = null))
  return asking
}

async function ask(): Promise<boolean> {
  const session = useSession()
  try {
    await session.load()
    return session.active
  } catch {
    return true
  }
}
