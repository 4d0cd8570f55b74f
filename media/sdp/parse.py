"""Text to values."""

from media.sdp.description import SessionDescription


def parse(text: bytes) -> SessionDescription:
    """Raises SdpError."""
    raise NotImplementedError
