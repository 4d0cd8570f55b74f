"""SDP (RFC 8866) as far as RTSP devices use it: bytes to values and values to bytes.

Here: `parse`, which forgives what cameras do wrong and bounds what attackers do, and `build`.
Not here: what a parameter set means (media.nal), who asks for it (media.rtsp), offer and answer of WebRTC.

Invariants: only `SdpError` escapes `parse`; what `build` writes `parse` reads back equal.
"""

from media.sdp.audio import audio_config
from media.sdp.description import MediaDescription, SdpError, SessionDescription
from media.sdp.reader import parse
from media.sdp.track import describe_track
from media.sdp.writer import build, codec_name

__all__ = [
    "MediaDescription",
    "SdpError",
    "SessionDescription",
    "audio_config",
    "build",
    "codec_name",
    "describe_track",
    "parse",
]
