/* What of a browser's codecs is offered, in order. Pure.

   The server carries H.264 and H.265, Opus and G.711 as they come, and recodes nothing; what it does not carry is not
   offered, so that no browser chooses it. H.264 goes first: every viewer can show it. */

export interface CodecCapability {
  readonly mimeType: string
  readonly sdpFmtpLine?: string
}

/** Of each picture: a packet holds a part of it (mode 1). Mode 0 leaves large ones to the network to cut. */
const CUT_IN_PARTS = /packetization-mode=1/

const VIDEO: readonly ((codec: CodecCapability) => boolean)[] = [
  (codec) => is(codec, 'video/H264') && CUT_IN_PARTS.test(codec.sdpFmtpLine ?? ''),
  (codec) => is(codec, 'video/H264') && !CUT_IN_PARTS.test(codec.sdpFmtpLine ?? ''),
  (codec) => is(codec, 'video/H265'),
]
const REPAIRS = 'video/rtx'
const AUDIO = ['audio/opus', 'audio/PCMA', 'audio/PCMU'] as const

/** Empty where this browser sends nothing that the server carries: VP8 and VP9 alone. */
export function offeredVideo<C extends CodecCapability>(codecs: readonly C[]): C[] {
  const carried = VIDEO.flatMap((wanted) => codecs.filter(wanted))
  return carried.length === 0 ? [] : [...carried, ...codecs.filter((codec) => is(codec, REPAIRS))]
}

export function offeredAudio<C extends CodecCapability>(codecs: readonly C[]): C[] {
  return AUDIO.flatMap((wanted) => codecs.filter((codec) => is(codec, wanted)))
}

const is = (codec: CodecCapability, mimeType: string): boolean => codec.mimeType.toLowerCase() === mimeType.toLowerCase()
