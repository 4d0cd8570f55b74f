"""What a profile does to one packet whose index is known: the seam between indices and ciphers.

For RTP a transform hands out functions, made once for each SSRC, so that a packet costs one call
and key, salt and SSRC are names in its closure. RTCP is some packets a second, and plain.

Not here: which index a packet has, and whether it came before (sender, receiver, srtcp).
"""

from collections.abc import Callable
from typing import Protocol, TypeAlias

from media.srtp.packet import Buffer

Seal: TypeAlias = Callable[[bytes, bytes, int], bytes]  # header, payload, index -> ciphertext and tag
Unseal: TypeAlias = Callable[[Buffer, Buffer, int], bytes | None]  # header, ciphertext and tag, index -> payload

# The word behind an SRTCP packet: E flag and index (RFC 3711, 3.4)
RTCP_WORD_BYTES = 4
RTCP_ENCRYPTED = 0x8000_0000
RTCP_INDEX_MASK = 0x7FFF_FFFF
RTCP_CLEAR_BYTES = 8  # first word and SSRC of a compound packet are never encrypted


class KeyExhausted(Exception):
    """A key has protected as many packets as it may: the session must make another handshake."""


class Transform(Protocol):
    """One direction's RTP, or RTCP, under one key. What is not authentic unseals to None."""

    rtcp_word_from_end: int  # where the index word begins, counted back from the packet's end
    rtcp_trailer_bytes: int  # index word and tag

    def rtp_seal(self, ssrc: int) -> Seal: ...

    def rtp_unseal(self, ssrc: int) -> Unseal: ...

    def rtcp_seal(self, ssrc: int, packet: bytes, index: int) -> bytes:
        """The whole SRTCP packet, encrypted."""
        ...

    def rtcp_unseal(self, ssrc: int, packet: bytes, word: int) -> bytes | None:
        """The plain packet. `word` is the packet's own; it is at least a clear part and a trailer long."""
        ...
