import { describe, expect, it } from 'vitest'
import { closeSession, type Fetch, NotTaken, openSession, type Proof, restartSession } from './http_session'

const PROOF: Proof = { headers: { authorization: 'Bearer K' }, credentials: 'omit' }

function server(answer: Response | Error): { asked: [string, RequestInit][]; fetching: Fetch } {
  const asked: [string, RequestInit][] = []
  const fetching: Fetch = (url, init) => {
    asked.push([url, init])
    return answer instanceof Error ? Promise.reject(answer) : Promise.resolve(answer)
  }
  return { asked, fetching }
}

describe('a session over HTTP', () => {
  it('is what the answer to an offer names', async () => {
    const { asked, fetching } = server(new Response('answer', { status: 201, headers: { location: '/whip/dev1/s1' } }))
    expect(await openSession(fetching, '/whip/dev1', 'offer', PROOF)).toEqual({ location: '/whip/dev1/s1', answer: 'answer' })
    expect(asked[0]).toMatchObject(['/whip/dev1', { method: 'POST', body: 'offer', credentials: 'omit' }])
    expect(asked[0]?.[1].headers).toEqual({ authorization: 'Bearer K', 'content-type': 'application/sdp' })
  })

  it('stays on the server that was asked, whatever an answer says', async () => {
    const { fetching } = server(new Response('a', { status: 201, headers: { location: 'https://elsewhere.example/whip/dev1/s1' } }))
    expect((await openSession(fetching, '/whip/dev1', 'o', PROOF)).location).toBe('/whip/dev1/s1')
  })

  it('is restarted whatever its version', async () => {
    const { asked, fetching } = server(new Response('fragment', { status: 200 }))
    expect(await restartSession(fetching, '/whip/dev1/s1', 'f', PROOF)).toBe('fragment')
    expect(asked[0]?.[1].headers).toMatchObject({ 'if-match': '*', 'content-type': 'application/trickle-ice-sdpfrag' })
  })

  it('is refused with the problem, its members, and when to come again', async () => {
    const problem = { type: 'urn:mingjing:problem:codec-not-carried', title: 'no', why_not: { video: 'b_frames' } }
    const { fetching } = server(new Response(JSON.stringify(problem), { status: 406, headers: { 'retry-after': '5' } }))
    const refused = await openSession(fetching, '/whep/dev1', 'o', PROOF).catch((error: unknown) => error)
    expect(refused).toBeInstanceOf(NotTaken)
    expect(refused).toMatchObject({ problem: { status: 406, kind: 'codec-not-carried' }, retryAfterS: 5, body: problem })
  })

  it.each(['-1', 'soon', '1e9', ''])('does not believe a time to come again of %j', async (header) => {
    const { fetching } = server(new Response('<html>', { status: 503, headers: { 'retry-after': header } }))
    const refused = (await openSession(fetching, '/whip/dev1', 'o', PROOF).catch((error: unknown) => error)) as NotTaken
    expect(refused.retryAfterS).toBeGreaterThanOrEqual(0)
    expect(refused.retryAfterS).toBeLessThanOrEqual(60)
  })

  it('tells a server that is away from one that refuses', async () => {
    const { fetching } = server(new TypeError('Failed to fetch'))
    const refused = (await openSession(fetching, '/whip/dev1', 'o', PROOF).catch((error: unknown) => error)) as NotTaken
    expect(refused.problem.unreachable).toBe(true)
    await closeSession(fetching, '/whip/dev1/s1', PROOF)
  })
})
