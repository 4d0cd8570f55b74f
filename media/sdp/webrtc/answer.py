"""Our answer to an offer (RFC 8829, 5.3; RFC 9725): the offer's m-lines in their order, what is not taken at port 0."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from media.sdp.webrtc.choice import Choice, ChosenMedia
from media.sdp.webrtc.offer import Candidate, Direction, Fingerprint, IceCredentials, Offer, OfferedMedia, Setup
from media.sdp.webrtc.transport_lines import write_candidate, write_fingerprint
from media.sdp.writer import codec_name
from media.track import TrackKind

DISCARD_PORT = 9  # what the m-line says where candidates say it better (RFC 8829, 5.3.1)

ICE_LINES = ("a=ice-lite", "a=ice-options:trickle ice2")  # candidates of the peer may come later, and need not

_PROTOCOL = "UDP/TLS/RTP/SAVPF"
_STREAM = "mingjing"  # one stream, so that a player keeps picture and sound in step


@dataclass(frozen=True, slots=True)
class Sent:
    """The SSRCs by which we send a kind. `rtx_ssrc` counts only where RTX was agreed on."""

    ssrc: int
    rtx_ssrc: int | None = None


@dataclass(frozen=True, slots=True)
class LocalPeer:
    """Our side of the transport. `session` is the number of the description, any of 62 bits (RFC 8829, 5.2.1)."""

    session: int
    credentials: IceCredentials
    fingerprint: Fingerprint
    setup: Setup
    candidates: tuple[Candidate, ...]
    sent: Mapping[TrackKind, Sent] = field(default_factory=dict)


def answering_setup(offered: Setup) -> Setup:
    """Our part in DTLS: we wait, for who checks connectivity knows first when there is some.

    RFC 9725, 4.4.4 has clients that can do no other. One that only listens is called.
    """
    return Setup.ACTIVE if offered is Setup.PASSIVE else Setup.PASSIVE


def build_answer(offer: Offer, choice: Choice, local: LocalPeer) -> bytes:
    """The text of the answer. What the offer did not say is not in it."""
    chosen = {one.media.mid: one for one in choice.taken}
    bundled = [mid for mid in offer.bundle if mid in chosen]
    lines = ["v=0", f"o=- {local.session} 1 IN IP4 127.0.0.1", "s=-", "t=0 0", *ICE_LINES]
    if bundled:
        lines.append("a=group:BUNDLE " + " ".join(bundled))
    lines.append("a=msid-semantic:WMS *")
    for media in offer.media:
        one = chosen.get(media.mid)
        lines += _refused(media) if one is None else _taken(one, local, bundled[0])
    return "".join(f"{line}\r\n" for line in lines).encode()


def credential_lines(credentials: IceCredentials) -> list[str]:
    """By which name we are asked for."""
    return [f"a=ice-ufrag:{credentials.ufrag}", f"a=ice-pwd:{credentials.password}"]


def candidate_lines(candidates: Sequence[Candidate]) -> list[str]:
    """Where we are reached: all there will be (RFC 9725, 4.3.2)."""
    return [*(f"a=candidate:{write_candidate(one)}" for one in candidates), "a=end-of-candidates"]


def _refused(media: OfferedMedia) -> list[str]:
    words = " ".join(media.words) or "0"
    return [f"m={media.medium} 0 {media.protocol} {words}", "c=IN IP4 0.0.0.0", "a=inactive", f"a=mid:{media.mid}"]


def _taken(one: ChosenMedia, local: LocalPeer, tied: str) -> list[str]:
    media, number = one.media, one.format.payload_type
    assert media.kind is not None
    rtx = one.rtx_payload_type
    channels = f"/{one.format.channels}" if one.format.channels > 1 else ""
    lines = [
        f"m={media.medium} {DISCARD_PORT} {_PROTOCOL} {number}" + (f" {rtx}" if rtx is not None else ""),
        "c=IN IP4 0.0.0.0",
        f"a=mid:{media.mid}",
        f"a={one.direction}",
        "a=rtcp-mux",
        "a=rtcp-mux-only",  # RFC 9725, 4.4.1
        f"a=rtpmap:{number} {codec_name(one.codec)}/{one.format.clock_rate}{channels}",
    ]
    if one.fmtp:
        lines.append(f"a=fmtp:{number} " + ";".join(f"{name}={value}" for name, value in one.fmtp.items()))
    lines += [f"a=rtcp-fb:{number} {name}" for name in one.feedback]
    if rtx is not None:
        lines += [f"a=rtpmap:{rtx} rtx/{one.format.clock_rate}", f"a=fmtp:{rtx} apt={number}"]
    lines += [f"a=extmap:{extension.id} {extension.uri}" for extension in one.extensions]
    lines += [f"a=fingerprint:{write_fingerprint(local.fingerprint)}", f"a=setup:{local.setup}"]
    lines += credential_lines(local.credentials)
    if media.mid == tied:
        lines += candidate_lines(local.candidates)
    if one.direction is not Direction.RECVONLY:
        lines += _sources(media.kind, rtx is not None, local)
    return lines


def _sources(kind: TrackKind, repaired: bool, local: LocalPeer) -> list[str]:
    sent = local.sent.get(kind)
    if sent is None:
        return []
    ssrcs = [sent.ssrc]
    lines = [f"a=msid:{_STREAM} {kind}"]
    if repaired and sent.rtx_ssrc is not None:
        ssrcs.append(sent.rtx_ssrc)
        lines.append(f"a=ssrc-group:FID {sent.ssrc} {sent.rtx_ssrc}")
    return lines + [f"a=ssrc:{ssrc} cname:{_STREAM}" for ssrc in ssrcs]
