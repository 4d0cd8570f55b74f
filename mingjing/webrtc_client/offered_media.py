"""The m-lines of our offers: formats, feedback and extensions as Chromium offers them, so that a server does for us
what it does for browsers.
"""

from collections.abc import Mapping, Sequence

from media import Codec, TrackKind
from media.sdp import TRANSPORT_CC_URI, Direction, Extension, OfferedMedia, PayloadFormat, codec_name

TRANSPORT_CC_ID = 3

_PROTOCOL = "UDP/TLS/RTP/SAVPF"
_VIDEO_FEEDBACK = ("transport-cc", "ccm fir", "nack", "nack pli")
_AUDIO_FEEDBACK = ("transport-cc",)
_EXTENSIONS = (Extension(TRANSPORT_CC_ID, TRANSPORT_CC_URI),)
# What Chromium shows of H.264: Baseline, Constrained Baseline, Main and High (Constrained High last), cut in any way.
_H264_SHOWN = ("42001f", "42e01f", "4d001f", "64001f", "640c1f")
_FIRST_SHOWN = 96
_H265_SHOWN = 107
_OPUS = PayloadFormat(111, "opus", 48_000, 2, {"minptime": "10", "useinbandfec": "1"}, _AUDIO_FEEDBACK, Codec.OPUS)
_SOUNDS = (
    _OPUS,
    PayloadFormat(0, "PCMU", 8_000, 1, {}, _AUDIO_FEEDBACK, Codec.PCM_MULAW),
    PayloadFormat(8, "PCMA", 8_000, 1, {}, _AUDIO_FEEDBACK, Codec.PCM_ALAW),
)


def sending(
    mid: str, kind: TrackKind, codec: Codec, payload_type: int, clock_rate: int, fmtp: Mapping[str, str], ssrc: int
) -> OfferedMedia:
    """One track that we send, of one format. A picture's RTX has the next payload type and the next SSRC."""
    channels = 2 if codec is Codec.OPUS else 1  # RFC 7587, 7
    video = kind is TrackKind.VIDEO
    feedback = _VIDEO_FEEDBACK if video else _AUDIO_FEEDBACK
    formats = [PayloadFormat(payload_type, codec_name(codec), clock_rate, channels, fmtp, feedback, codec)]
    if video:
        formats.append(_rtx(payload_type, clock_rate))
    repair = ssrc + 1 & 0xFFFF_FFFF
    ssrcs, repairs = ((ssrc, repair), {ssrc: repair}) if video else ((ssrc,), {})
    return _media(mid, kind, Direction.SENDONLY, formats, ssrcs, repairs)


def receiving(*, sound: bool) -> list[OfferedMedia]:
    """A picture, and sound if wanted, in all that a browser can show of what we could be sent."""
    pictures: list[PayloadFormat] = []
    for place, profile in enumerate(_H264_SHOWN):
        number = _FIRST_SHOWN + 2 * place
        fmtp = {"level-asymmetry-allowed": "1", "packetization-mode": "1", "profile-level-id": profile}
        pictures += [
            PayloadFormat(number, "H264", 90_000, 1, fmtp, _VIDEO_FEEDBACK, Codec.H264),
            _rtx(number, 90_000),
        ]
    fmtp = {"level-id": "156", "profile-id": "1", "tier-flag": "0", "tx-mode": "SRST"}
    pictures += [
        PayloadFormat(_H265_SHOWN, "H265", 90_000, 1, fmtp, _VIDEO_FEEDBACK, Codec.H265),
        _rtx(_H265_SHOWN, 90_000),
    ]
    media = [_media("0", TrackKind.VIDEO, Direction.RECVONLY, pictures)]
    if sound:
        media.append(_media("1", TrackKind.AUDIO, Direction.RECVONLY, _SOUNDS))
    return media


def _rtx(payload_type: int, clock_rate: int) -> PayloadFormat:
    fmtp = {"apt": str(payload_type)}
    return PayloadFormat(payload_type + 1, "rtx", clock_rate, 1, fmtp, repairs=payload_type)


def _media(
    mid: str,
    kind: TrackKind,
    direction: Direction,
    formats: Sequence[PayloadFormat],
    ssrcs: tuple[int, ...] = (),
    repairs: Mapping[int, int] | None = None,
) -> OfferedMedia:
    return OfferedMedia(
        mid,
        kind,
        kind.value,
        _PROTOCOL,
        tuple(str(one.payload_type) for one in formats),
        direction,
        takes_part=True,
        rtcp_mux=True,
        formats=tuple(formats),
        extensions=_EXTENSIONS,
        ssrcs=ssrcs,
        repair_ssrcs=repairs or {},
    )
