"""The byte stream format: NAL units between start codes (H.264 and H.265, Annex B)."""

from collections.abc import Iterable

START_CODE = b"\0\0\0\1"

_SHORT_START_CODE = b"\0\0\1"


def split_annexb(stream: bytes) -> list[bytes]:
    """NAL units without start codes and without the zeros between them.

    What stands before the first start code belongs to no unit and is left out.
    """
    pieces = stream.split(_SHORT_START_CODE)[1:]
    return [nal for piece in pieces if (nal := piece.rstrip(b"\0"))]


def join_annexb(nals: Iterable[bytes]) -> bytes:
    """A byte stream a decoder takes, with a four-byte start code before each unit."""
    return b"".join(part for nal in nals for part in (START_CODE, nal))
