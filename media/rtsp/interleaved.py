"""Interleaved binary data (RFC 2326, 10.12): `$`, channel, 16-bit length, packet.

The hot path of the house: a frame is two numbers into the caller's buffer, and the frames of a read
are handed on in rows of one channel, so that what is done for each is a few lines in one loop.
"""

from collections.abc import Callable, Iterable, Sequence
from struct import Struct

DOLLAR = 0x24
HEADER_BYTES = 4
FRAME_MAX_BYTES = HEADER_BYTES + 65_535

Buffer = bytes | bytearray | memoryview
Bounds = Sequence[tuple[int, int]]  # start and end of each packet, in order
OnInterleaved = Callable[[int, Buffer, Bounds], object]  # channel, buffer, and packets of that channel in a row

_HEADER = Struct(">BBH")


def walk_frames(buffer: Buffer, start: int, end: int, handlers: Sequence[OnInterleaved]) -> int:
    """Hand the whole frames of `buffer[start:end]` to their channels' handlers, in place and in rows.

    `handlers` has 256 entries. Returns the index of the first byte not consumed: the end, an
    incomplete frame, or what is no frame.
    """
    unpack = _HEADER.unpack_from  # plain ints and local names only: this loop runs for every packet
    last = end - HEADER_BYTES
    row: list[tuple[int, int]] = []
    row_channel = -1
    while start <= last:
        dollar, channel, length = unpack(buffer, start)
        packet = start + HEADER_BYTES
        behind = packet + length
        if dollar != DOLLAR or behind > end:
            break
        if channel != row_channel:
            if row:
                handlers[row_channel](row_channel, buffer, row)
                row = []
            row_channel = channel
        row.append((packet, behind))
        start = behind
    if row:
        handlers[row_channel](row_channel, buffer, row)
    return start


def frame(channel: int, packet: bytes) -> bytes:
    """One frame for sending.

    Raises:
        ValueError: the packet is longer than the length field can say.
    """
    if len(packet) > FRAME_MAX_BYTES - HEADER_BYTES:
        raise ValueError(f"{len(packet)} bytes do not fit into an interleaved frame")
    return _HEADER.pack(DOLLAR, channel, len(packet)) + packet


def frames(packets: Iterable[tuple[int, bytes]]) -> bytes:
    """Many frames as one buffer, from (channel, packet): written once and shared by all who read these channels.

    Raises:
        struct.error: a packet is longer than the length field can say.
    """
    parts: list[bytes] = []
    for channel, packet in packets:
        parts.append(_HEADER.pack(DOLLAR, channel, len(packet)))
        parts.append(packet)
    return b"".join(parts)
