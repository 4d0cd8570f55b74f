"""An offer of our own, for clients of ours (RFC 8829, 5.2): what is in the values is in the text, in their order."""

from collections.abc import Sequence

from media.sdp.webrtc.answer import DISCARD_PORT, LocalPeer, credential_lines
from media.sdp.webrtc.offer import OfferedMedia, PayloadFormat
from media.sdp.webrtc.transport_lines import write_candidate, write_fingerprint


def build_offer(media: Sequence[OfferedMedia], local: LocalPeer, *, cname: str) -> bytes:
    """The text of an offer of which all m-lines share one transport; `read_offer` reads back equal media.

    `cname` is by which name the SSRCs belong together.
    """
    lines = ["v=0", f"o=- {local.session} 1 IN IP4 127.0.0.1", "s=-", "t=0 0"]
    lines.append("a=group:BUNDLE " + " ".join(one.mid for one in media))
    lines.append("a=msid-semantic:WMS *")
    for one in media:
        lines += [f"m={one.medium} {DISCARD_PORT} {one.protocol} {' '.join(one.words)}", "c=IN IP4 0.0.0.0"]
        lines += [*credential_lines(local.credentials), f"a=fingerprint:{write_fingerprint(local.fingerprint)}"]
        lines += [f"a=setup:{local.setup}", f"a=mid:{one.mid}", f"a={one.direction}", "a=rtcp-mux"]
        lines += [line for each in one.formats for line in _format_lines(each)]
        lines += [f"a=extmap:{extension.id} {extension.uri}" for extension in one.extensions]
        lines += [f"a=candidate:{write_candidate(candidate)}" for candidate in local.candidates]
        lines += [f"a=ssrc-group:FID {ssrc} {repair}" for ssrc, repair in one.repair_ssrcs.items()]
        lines += [f"a=ssrc:{ssrc} cname:{cname}" for ssrc in one.ssrcs]
    return "".join(f"{line}\r\n" for line in lines).encode()


def _format_lines(one: PayloadFormat) -> list[str]:
    channels = f"/{one.channels}" if one.channels > 1 else ""
    lines = [f"a=rtpmap:{one.payload_type} {one.name}/{one.clock_rate}{channels}"]
    if one.fmtp:
        fmtp = ";".join(f"{name}={value}" for name, value in one.fmtp.items())
        lines.append(f"a=fmtp:{one.payload_type} {fmtp}")
    return lines + [f"a=rtcp-fb:{one.payload_type} {name}" for name in one.feedback]
