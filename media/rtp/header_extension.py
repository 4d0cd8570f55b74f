"""Header extensions (RFC 8285): one element out of a packet, one element into a packet.

Only the transport-wide sequence number (draft-holmer-rmcat-transport-wide-cc-extensions-01, 2) is
looked for; others are walked over. What a device puts before it costs a few steps, never more than the
extension has bytes.

Not here: where the extension of a packet begins and ends (packet, repaired).
"""

from struct import Struct

from media.rtp.packet import Buffer

_BEGINNING = Struct("!HHBH")  # profile, length in words, and a first element of two bytes, as the number is one
EXTENSION_BEGINNING_SIZE = _BEGINNING.size
unpack_extension_beginning = _BEGINNING.unpack_from

ONE_BYTE = 0xBEDE
TWO_BYTE = 0x1000  # the low four bits are the application's
TWO_BYTE_MASK = 0xFFF0
TRANSPORT_EXTENSION_SIZE = 8  # bytes that `transport_extension` adds to a packet

_IDS_THAT_END = (0, 15)  # in one-byte elements: whoever sees one stops, unless it is a zero byte of padding (4.2)


def transport_sequence(buffer: Buffer, start: int, end: int, element: int) -> int:
    """The transport-wide number in the extension `buffer[start:end]`, its first two bytes the profile; else -1.

    `element` is the id that the SDP gave it.
    """
    profile = buffer[start] << 8 | buffer[start + 1]
    at = start + 4
    if profile == ONE_BYTE:
        wanted = element << 4 | 1
        while at + 2 < end:
            head = buffer[at]
            if head == wanted:
                return buffer[at + 1] << 8 | buffer[at + 2]
            if not head:
                at += 1
                continue
            if head >> 4 in _IDS_THAT_END:
                break
            at += 2 + (head & 0x0F)
    elif profile & TWO_BYTE_MASK == TWO_BYTE:
        while at + 3 < end:
            if not buffer[at]:
                at += 1
                continue
            if buffer[at] == element and buffer[at + 1] == 2:
                return buffer[at + 2] << 8 | buffer[at + 3]
            at += 2 + buffer[at + 1]
    return -1


def transport_extension(element: int, sequence: int) -> bytes:
    """A one-byte extension with nothing but the number, to stand behind a header with the X bit. `element`: 1 to 14."""
    return bytes((0xBE, 0xDE, 0, 1, element << 4 | 1, sequence >> 8 & 0xFF, sequence & 0xFF, 0))
