"""A frame of silence, for where a player has to wait: Chromium counts sound by its frames and not by their times, so
what follows a hole would be heard too early, and stay so.

AAC: one long window without a band (ISO/IEC 14496-3, 4.4.2.1 and 4.4.2.7): element and its tag, gain, window, no tools,
END. Opus: CELT, full band, 20 ms, with the flag of silence, which is coded as all ones (RFC 6716, 4.3).

Not here: where they go (`recorder.export`). Sound of more than two channels has none.
"""

from media.fmp4 import ParsedTrack, codec_of
from media.track import Codec

_AAC_MONO = 0b000_0000_00000000_00000000000_000_111
_AAC_STEREO = 0b001_0000_1_00000000000_00_00000000000_00000000000_111_00
_OPUS_TOC = 31 << 3  # CELT, full band, 20 ms; one frame
_OPUS_STEREO = 1 << 2
_OPUS_SILENCE = b"\xff\xfe"


def silent_frame(track: ParsedTrack) -> bytes | None:
    """One that decoders of this track take; None: there is none."""
    codec = codec_of(track)
    if codec is Codec.AAC:
        return {1: _AAC_MONO.to_bytes(4, "big"), 2: _AAC_STEREO.to_bytes(6, "big")}.get(track.channels)
    return silent_opus(track.channels) if codec is Codec.OPUS else None


def silent_opus(channels: int) -> bytes | None:
    if channels not in (1, 2):
        return None
    return bytes((_OPUS_TOC | (_OPUS_STEREO if channels == 2 else 0),)) + _OPUS_SILENCE
