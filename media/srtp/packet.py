"""As much of an RTP header as protection needs: where it ends, for the rest is encrypted.

Not media.rtp's `payload_bounds`: padding is encrypted too, so its length says nothing yet.
"""

from struct import Struct
from typing import TypeAlias

Buffer: TypeAlias = bytes | bytearray | memoryview

HEADER = Struct("!BBHII")  # V/P/X/CC, M/PT, sequence, RTP time, SSRC (RFC 3550, 5.1)
HEADER_SIZE = HEADER.size
VERSION = 0x80
VERSION_MASK = 0xC0
EXTENSION = 0x10
MARKER = 0x80
SEQUENCE_MASK = 0xFFFF
RTP_TIME_MASK = 0xFFFF_FFFF
_CSRC_COUNT_MASK = 0x0F


def header_end(buffer: Buffer, start: int, end: int) -> int:
    """Where the header of the packet in `buffer[start:end]` ends: behind CSRCs and extension.

    -1 when it is no RTP, or its header claims to be longer than the packet.
    """
    if end - start < HEADER_SIZE or buffer[start] & VERSION_MASK != VERSION:
        return -1
    at = start + HEADER_SIZE + 4 * (buffer[start] & _CSRC_COUNT_MASK)
    if buffer[start] & EXTENSION:
        if at + 4 > end:
            return -1
        at += 4 + 4 * (buffer[at + 2] << 8 | buffer[at + 3])
    return at if at <= end else -1
