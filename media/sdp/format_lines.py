"""The lines of SDP that say what a payload type means: rtpmap and fmtp (RFC 8866, 6.6 and 6.15), forgiving."""

import re

from media.track import Codec, TrackKind

PARAMETERS_MAX = 64  # in one fmtp
CLOCK_RATE_MAX = 1_000_000

STATIC_RTPMAPS = {0: "PCMU/8000", 3: "GSM/8000", 8: "PCMA/8000", 9: "G722/8000", 14: "MPA/90000", 26: "JPEG/90000"}

VIDEO_CODECS = (Codec.H264, Codec.H265)

_CODECS = {
    "h264": Codec.H264,
    "h265": Codec.H265,
    "hevc": Codec.H265,  # not registered, but written by some
    "mpeg4-generic": Codec.AAC,
    "opus": Codec.OPUS,
    "pcma": Codec.PCM_ALAW,
    "pcmu": Codec.PCM_MULAW,
}


def codec_of(name: str, kind: TrackKind | None) -> Codec | None:
    """The codec that an rtpmap names; None for what we cannot carry, and for one under the wrong kind of m-line."""
    codec = _CODECS.get(name.lower())
    return codec if codec and kind is (TrackKind.VIDEO if codec in VIDEO_CODECS else TrackKind.AUDIO) else None


def read_rtpmap(value: str) -> tuple[str, int, int]:
    """Name, clock rate and channels; the rate is 0 where it makes no sense."""
    name, *numbers = (part.strip() for part in value.split("/"))
    rate = int(numbers[0]) if numbers and re.fullmatch(r"[0-9]{1,7}", numbers[0]) else 0
    channels = int(numbers[1]) if len(numbers) > 1 and re.fullmatch(r"[1-8]", numbers[1]) else 1
    return name, rate if rate <= CLOCK_RATE_MAX else 0, channels


def read_fmtp(value: str) -> dict[str, str]:
    """Parameters by their names in lower case; of two the last counts."""
    parameters: dict[str, str] = {}
    for part in value.split(";")[:PARAMETERS_MAX]:
        name, _, argument = part.partition("=")
        if name.strip():
            parameters[name.strip().lower()] = argument.strip()
    return parameters
