/* ICE restart over HTTP (RFC 9725, 4.3.3; RFC 8840): what is sent of a new offer, and the answer that results. Pure.

   All m-lines share one transport (BUNDLE), so the credentials and candidates of one are those of all. */

const CREDENTIALS = /^a=(ice-ufrag|ice-pwd):/
const CANDIDATES = /^a=(candidate:|end-of-candidates)/

/** The fragment of an offer that asks for a restart: its credentials, and the m-line they are of. */
export function restartFragment(offer: string): string {
  const lines = linesOf(offer)
  const group = lines.find((line) => line.startsWith('a=group:BUNDLE'))
  const media = lines.find((line) => line.startsWith('m='))
  const mid = lines.find((line) => line.startsWith('a=mid:'))
  const credentials = ['a=ice-ufrag:', 'a=ice-pwd:'].map((name) => lines.find((line) => line.startsWith(name)))
  return textOf([group, ...credentials, media, mid])
}

/** The earlier answer with the credentials and candidates of the server's fragment. */
export function restartedAnswer(answer: string, fragment: string): string {
  const said = linesOf(fragment)
  const credentials = said.filter((line) => CREDENTIALS.test(line))
  const candidates = said.filter((line) => CANDIDATES.test(line))
  const sections: string[][] = [[]]
  for (const line of linesOf(answer)) {
    if (line.startsWith('m=')) sections.push([])
    sections[sections.length - 1]?.push(line)
  }
  return textOf(sections.flatMap((section) => [...replaced(replaced(section, CREDENTIALS, credentials), CANDIDATES, candidates)]))
}

/** The lines that match give way to the new ones, at the place of the first. */
function* replaced(lines: Iterable<string>, old: RegExp, fresh: readonly string[]): Generator<string> {
  let done = false
  for (const line of lines) {
    if (!old.test(line)) yield line
    else if (!done) {
      done = true
      yield* fresh
    }
  }
}

const linesOf = (sdp: string): string[] => sdp.split(/\r?\n/).filter((line) => line !== '')

const textOf = (lines: readonly (string | undefined)[]): string =>
  lines
    .filter((line) => line !== undefined)
    .map((line) => `${line}\r\n`)
    .join('')
