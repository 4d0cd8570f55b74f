"""Which device and channel an RTSP URL names: `/DEVICE` is the main channel, `/DEVICE/sub` the sub-stream.

Anything else names nothing: no percent-decoding, no dots, no other depth. So a path can never
become a file name or another device by spelling. A query is tolerated and means nothing; host and
port are what the peer calls us and mean nothing either.
"""

import re
from dataclasses import dataclass

from media.rtsp.errors import RtspError

_URL = re.compile(r"(?i:rtsps?)://[^/?\s]+(?P<target>[/?]\S*)?")
_PATH = re.compile(r"/(?P<device>[A-Za-z0-9][A-Za-z0-9_-]{0,63})(?P<sub>/sub)?/?")


@dataclass(frozen=True, slots=True)
class MediaPath:
    """One channel of one device."""

    device: str
    channel: str  # "main" or "sub"

    def __str__(self) -> str:
        return f"/{self.device}" if self.channel == "main" else f"/{self.device}/{self.channel}"


def target_of(url: str) -> str:
    """Path and query of an absolute RTSP URL; what is already a path is returned as it is.

    Raises:
        RtspError: 400, neither an RTSP URL nor a path.
    """
    if url.startswith("/"):
        return url
    match = _URL.fullmatch(url)
    if match is None:
        raise RtspError(400, "not an RTSP URL")
    return match["target"] or "/"


def parse_path(url: str) -> MediaPath:
    """The device and channel that a URL names.

    Raises:
        RtspError: 400 for what is no RTSP URL, 404 for a path that is neither /DEVICE nor /DEVICE/sub.
    """
    match = _PATH.fullmatch(target_of(url).partition("?")[0])
    if match is None:
        raise RtspError(404, "the path is neither /DEVICE nor /DEVICE/sub")
    return MediaPath(match["device"], "sub" if match["sub"] else "main")
