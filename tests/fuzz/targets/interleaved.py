"""Interleaved frames while a device records. The input is what comes on the socket after RECORD."""

from collections.abc import Iterator

from media.rtsp.interleaved import Bounds, Buffer, walk_frames
from tests.fuzz.targets import rtsp
from tests.media.rtsp.dialogue import interleaved, request
from tests.vectors.loader import Vector, vectors

KIND = "interleaved"
TOKENS = (
    *(b"$%c\x00\x04" % channel for channel in (0, 1, 2, 3, 4, 255)),
    b"$\x00\xff\xff",
    b"$\x00\x00\x00",
    *rtsp.TOKENS[:8],
)


def seeds() -> Iterator[bytes]:
    for vector in vectors(KIND):
        yield seed(vector)
    yield interleaved(0, b"picture") + request("GET_PARAMETER") + interleaved(1, b"report") + request("TEARDOWN")


def seed(vector: Vector) -> bytes:
    return rtsp.filled(vector.data)


def check(data: bytes) -> None:
    _walk(data)
    rtsp.check(rtsp.PRELUDES["recording"] + data)


def _walk(data: bytes) -> None:
    """The walk takes the frames that a slow and obvious reader takes, and stops where that one stops."""
    taken: list[tuple[int, bytes]] = []

    def handler(channel: int, buffer: Buffer, bounds: Bounds) -> None:
        assert bounds, "a row of nothing"
        for start, end in bounds:
            assert 0 <= start <= end <= len(buffer)
            taken.append((channel, bytes(buffer[start:end])))

    behind = walk_frames(data, 0, len(data), [handler] * 256)
    wanted, rest = [], data
    while len(rest) >= 4 and rest[:1] == b"$" and len(rest) >= 4 + int.from_bytes(rest[2:4], "big"):
        size = int.from_bytes(rest[2:4], "big")
        wanted.append((rest[1], rest[4 : 4 + size]))
        rest = rest[4 + size :]
    assert taken == wanted
    assert data[behind:] == rest
