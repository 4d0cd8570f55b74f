/* Reading what WebRTC counts (RTCStatsReport). Pure. */

/** One entry: its `type` says of what. */
export type Entry = Readonly<Record<string, unknown>>

/** As an RTCStatsReport's `values()`. */
export type Report = Iterable<Entry>

export const numberOf = (value: unknown): number => (typeof value === 'number' && Number.isFinite(value) ? value : 0)

/** Of the pair of addresses in use, as its latest connectivity check measured it; milliseconds. */
export function roundTripMs(entries: readonly Entry[]): number | null {
  const pair = entries.find((one) => one['type'] === 'candidate-pair' && one['nominated'] === true && one['state'] === 'succeeded')
  const seconds = pair?.['currentRoundTripTime']
  return typeof seconds === 'number' ? Math.round(seconds * 1_000) : null
}
