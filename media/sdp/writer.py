"""Values to SDP text, for a publisher of our own."""

from media.sdp.description import MediaDescription, SessionDescription
from media.sdp.parameter_sets import write_parameter_sets
from media.track import Codec, TrackKind

_NAMES = {
    Codec.H264: "H264",
    Codec.H265: "H265",
    Codec.AAC: "mpeg4-generic",
    Codec.OPUS: "opus",
    Codec.PCM_ALAW: "PCMA",
    Codec.PCM_MULAW: "PCMU",
}


def codec_name(codec: Codec) -> str:
    """How SDP calls a codec (RFC 6184, 7798, 3640, 7587, 3551)."""
    return _NAMES[codec]


def build(description: SessionDescription) -> bytes:
    """The text of a description; `parse` reads back an equal value.

    Raises:
        ValueError: a name or parameter with a line break.
    """
    lines = ["v=0", "o=- 0 0 IN IP4 127.0.0.1", f"s={description.name or '-'}", "c=IN IP4 0.0.0.0", "t=0 0"]
    if description.control:
        lines.append(f"a=control:{description.control}")
    for media in description.media:
        lines += _media_lines(media)
    if any("\r" in line or "\n" in line for line in lines):
        raise ValueError("a line break inside an SDP line")
    return "".join(f"{line}\r\n" for line in lines).encode()


def _media_lines(media: MediaDescription) -> list[str]:
    kind = media.kind.value if media.kind else "application"
    channels = f"/{media.channels}" if media.kind is TrackKind.AUDIO and media.channels > 1 else ""
    lines = [
        f"m={kind} 0 RTP/AVP {media.payload_type}",
        f"a=rtpmap:{media.payload_type} {media.codec_name}/{media.clock_rate}{channels}",
    ]
    parameters = {**media.fmtp, **write_parameter_sets(media.codec, media.parameter_sets)}
    if parameters:
        text = ";".join(f"{name}={value}" for name, value in parameters.items())
        lines.append(f"a=fmtp:{media.payload_type} {text}")
    if media.control:
        lines.append(f"a=control:{media.control}")
    return lines
