"""Interleaved binary data (RFC 2326, 10.12): `$`, channel, 16-bit length, packet.

The hot path of the house: a frame is two numbers into the caller's buffer, never an object.
"""

from collections.abc import Callable

DOLLAR = 0x24
HEADER_BYTES = 4
FRAME_MAX_BYTES = HEADER_BYTES + 65_535

Buffer = bytes | bytearray | memoryview
OnInterleaved = Callable[[int, Buffer, int, int], object]  # channel, buffer, start, end of the packet


def walk_frames(
    buffer: Buffer, start: int, end: int, assigned: bytearray, on_interleaved: OnInterleaved
) -> tuple[int, int]:
    raise NotImplementedError


def frame(channel: int, packet: bytes) -> bytes:
    """One frame for sending.

    Raises:
        ValueError: the packet is longer than the length field can say.
    """
    if len(packet) > FRAME_MAX_BYTES - HEADER_BYTES:
        raise ValueError(f"{len(packet)} bytes do not fit into an interleaved frame")
    return b"$%c%b%b" % (channel, len(packet).to_bytes(2, "big"), packet)
