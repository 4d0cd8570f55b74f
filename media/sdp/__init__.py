"""SDP (RFC 8866) as far as RTSP devices use it: bytes to values and values to bytes.

Here: `parse`, which forgives what cameras do wrong and bounds what attackers do, and `build`.
Not here: what a parameter set means (media.nal), who asks for it (media.rtsp), offer and answer of WebRTC.

Invariants: only `SdpError` escapes `parse`; what `build` writes `parse` reads back equal.
"""

from media.sdp.build import build, codec_name
from media.sdp.description import MediaDescription, SdpError, SessionDescription
from media.sdp.parse import parse

__all__ = ["MediaDescription", "SdpError", "SessionDescription", "build", "codec_name", "parse"]
