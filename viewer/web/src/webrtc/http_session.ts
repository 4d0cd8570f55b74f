/* A WebRTC session as HTTP knows it (RFC 9725): an offer is posted, the answer's Location is the session, and it is
   patched and deleted there. For WHIP and for WHEP. Not here: peer connections, and who shows which proof. */
import { type Problem, problemFrom, unreachable } from '@/api/problem'

export interface HttpSession {
  /** Its address on this server. */
  readonly location: string
  readonly answer: string
}

/** What lets somebody in: a device shows its key and no cookie, a person the cookie of the session. */
export interface Proof {
  readonly headers: Readonly<Record<string, string>>
  readonly credentials: 'omit' | 'same-origin'
}

export type Fetch = (url: string, init: RequestInit) => Promise<Response>

const OFFER = 'application/sdp'
const FRAGMENT = 'application/trickle-ice-sdpfrag'
const ANYWHERE = 'https://server.invalid' // only the path counts: a session is on the server that was asked
const RETRY_AFTER_MAX_S = 60 // what a server says may be trusted, but not for hours

/** The server did not take it; `retryAfterS` is when it says that it will, 0 where it does not. */
export class NotTaken extends Error {
  constructor(
    readonly problem: Problem,
    readonly retryAfterS: number,
    /** The whole body, for members of the problem that only one kind has. */
    readonly body: unknown,
  ) {
    super(problem.message)
    this.name = 'NotTaken'
  }
}

/** Never broken off: a session whose answer nobody heard would stay for half a minute. Whoever does not want it any more
    closes it. @throws NotTaken of status 0 when the server was not reached. */
export async function openSession(
  fetching: Fetch,
  url: string,
  offer: string,
  proof: Proof,
): Promise<HttpSession> {
  const response = await send(fetching, url, { ...said(proof, OFFER), method: 'POST', body: offer })
  const location = response.headers.get('location')
  if (response.status !== 201 || location === null) throw await notTaken(response)
  return { location: new URL(location, ANYWHERE).pathname, answer: await response.text() }
}

/** Asks for an ICE restart with the fragment of a new offer. Returns the server's own fragment. */
export async function restartSession(
  fetching: Fetch,
  location: string,
  fragment: string,
  proof: Proof,
): Promise<string> {
  const asked = said(proof, FRAGMENT, { 'if-match': '*' })
  const response = await send(fetching, location, { ...asked, method: 'PATCH', body: fragment })
  if (response.status !== 200) throw await notTaken(response)
  return response.text()
}

/** The end. `keepalive` lets it leave though the page goes; an answer changes nothing, so none is waited for then. */
export async function closeSession(fetching: Fetch, location: string, proof: Proof): Promise<void> {
  try {
    await fetching(location, { ...proof, method: 'DELETE', keepalive: true })
  } catch {
    // Away: it ends the session itself, when nothing comes any more.
  }
}

function said(proof: Proof, type: string, more: Readonly<Record<string, string>> = {}): RequestInit {
  return { headers: { ...proof.headers, ...more, 'content-type': type }, credentials: proof.credentials }
}

async function send(fetching: Fetch, url: string, init: RequestInit): Promise<Response> {
  try {
    return await fetching(url, { ...init, cache: 'no-store' })
  } catch {
    throw new NotTaken(unreachable(), 0, null)
  }
}

async function notTaken(response: Response): Promise<NotTaken> {
  let body: unknown = null
  try {
    body = await response.json()
  } catch {
    // A proxy's page.
  }
  const retryAfterS = Number(response.headers.get('retry-after'))
  const waited = Number.isFinite(retryAfterS) ? Math.min(Math.max(0, retryAfterS), RETRY_AFTER_MAX_S) : 0
  return new NotTaken(problemFrom(response.status, body), waited, body)
}
