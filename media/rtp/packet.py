"""The RTP header (RFC 3550, section 5.1) as numbers, not as an object.

A packet is looked at where it lies, in the caller's reused buffer: the receiver unpacks the twelve
fixed bytes with `unpack_header` and asks `payload_bounds` only when a flag says that more follows.

Not here: what the numbers mean for order (reorder) or for pictures (h264, h265, aac, ...).
"""

from collections.abc import Iterable
from struct import Struct
from typing import TypeAlias

Buffer: TypeAlias = bytes | bytearray | memoryview

HEADER = Struct("!BBHII")  # V/P/X/CC, M/PT, sequence, RTP time, SSRC
HEADER_SIZE = HEADER.size
unpack_header = HEADER.unpack_from
pack_header = HEADER.pack

PLAIN = 0x80  # version 2, no padding, no extension, no CSRC: what every device sends nearly always
MARKER = 0x80
PAYLOAD_TYPE_MASK = 0x7F
SEQUENCE_MASK = 0xFFFF
RTP_TIME_MASK = 0xFFFF_FFFF

_VERSION_MASK = 0xC0
_PADDING = 0x20
_EXTENSION = 0x10
_CSRC_COUNT_MASK = 0x0F

RTCP_TYPES = range(
    192, 224
)  # second byte of an RTCP packet; as RTP it would be payload type 64-95 with marker (RFC 5761)


def payload_bounds(buffer: Buffer, start: int, end: int) -> tuple[int, int] | None:
    """Where the payload of the packet in `buffer[start:end]` begins and ends.

    None when the header lies: wrong version, CSRCs, extension or padding longer than the packet.
    """
    if end - start < HEADER_SIZE:
        return None
    first = buffer[start]
    if first & _VERSION_MASK != PLAIN:
        return None
    payload = start + HEADER_SIZE + 4 * (first & _CSRC_COUNT_MASK)
    if first & _EXTENSION:
        if payload + 4 > end:
            return None
        payload += 4 + 4 * (buffer[payload + 2] << 8 | buffer[payload + 3])
    if first & _PADDING:
        if payload >= end or not buffer[end - 1]:
            return None
        end -= buffer[end - 1]
    return (payload, end) if payload <= end else None


def packets(
    payloads: Iterable[bytes], *, payload_type: int, sequence: int, rtp_time: int, ssrc: int, mark_last: bool = True
) -> list[bytes]:
    """One RTP packet for each payload of one access unit, numbered from `sequence`, the last with the marker.

    `payloads` come from a packetizer; in the fleet simulator they are shared by many devices.
    """
    made = [
        pack_header(PLAIN, payload_type, sequence + i & SEQUENCE_MASK, rtp_time & RTP_TIME_MASK, ssrc) + payload
        for i, payload in enumerate(payloads)
    ]
    if made and mark_last:
        last = made[-1]
        made[-1] = b"%c%c%b" % (last[0], last[1] | MARKER, last[2:])
    return made
