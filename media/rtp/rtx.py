"""Retransmission (RFC 4588, SSRC-multiplexed): the payload behind the number it had in the first place.

Not here: when a packet is asked for (nacks) or sent again (repairs).
"""

from media.rtp.packet import Buffer

RTX_HEADER_SIZE = 2  # the original sequence number


def unwrap_rtx(buffer: Buffer, start: int, end: int) -> int:
    """The original sequence number of the payload `buffer[start:end]`, whose own begins two bytes on.

    -1 when there is nothing behind it: senders probe the link with such packets.
    """
    return buffer[start] << 8 | buffer[start + 1] if end - start > RTX_HEADER_SIZE else -1


def wrap_rtx(sequence: int, payload: bytes) -> bytes:
    """The payload that carries `payload` again, which had this sequence number."""
    return sequence.to_bytes(RTX_HEADER_SIZE, "big") + payload
