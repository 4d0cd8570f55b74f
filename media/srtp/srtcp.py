"""SRTCP of one session, both ways (RFC 3711, 3.4): here the index is in the packet itself.

Reports and feedback are some dozens of packets a second, so this is written for reading.
"""

from dataclasses import replace

from media.srtp.by_profile import transform_for
from media.srtp.keys import SessionKeys
from media.srtp.packet import VERSION, VERSION_MASK, Buffer
from media.srtp.receiver import SOURCES_MAX
from media.srtp.refusals import Refusals
from media.srtp.replay import ReplayWindow
from media.srtp.transform import RTCP_CLEAR_BYTES, RTCP_INDEX_MASK, RTCP_WORD_BYTES, KeyExhausted

RTCP_PACKETS_MAX = 1 << 31  # no key protects more (RFC 3711, 9.2): at 100 a second it is eight months


class SrtcpSender:
    """Protects what we send. One index counts for all our SSRCs, so the key's limit is the index's."""

    def __init__(self, keys: SessionKeys) -> None:
        self._transform = transform_for(keys.rtcp)
        self._next_index = 0

    def protect(self, packet: bytes) -> bytes:
        """The protected form of a compound packet, encrypted; its first packet says whose it is.

        Raises:
            KeyExhausted: the key has protected `RTCP_PACKETS_MAX` packets.
            ValueError: shorter than a header and an SSRC.
        """
        if len(packet) < RTCP_CLEAR_BYTES:
            raise ValueError(f"an RTCP packet has at least {RTCP_CLEAR_BYTES} bytes, not {len(packet)}")
        index = self._next_index
        if index >= RTCP_PACKETS_MAX:
            raise KeyExhausted("this session has sent all the RTCP packets its key may protect")
        self._next_index = index + 1
        return self._transform.rtcp_seal(_ssrc(packet), packet, index)


class SrtcpReceiver:
    """Takes off the protection of what one peer sends, encrypted or (E flag clear) only authenticated."""

    def __init__(self, keys: SessionKeys) -> None:
        self._transform = transform_for(keys.rtcp)
        self._windows: dict[int, ReplayWindow] = {}
        self._refusals = Refusals()

    def refusals(self) -> Refusals:
        """A copy of the counts."""
        return replace(self._refusals)

    def unprotect(self, buffer: Buffer, start: int, end: int) -> bytes | None:
        """The plain compound packet in `buffer[start:end]`; None when it is refused, and counted."""
        transform, refusals = self._transform, self._refusals
        packet = bytes(buffer[start:end])
        if len(packet) < RTCP_CLEAR_BYTES + transform.rtcp_trailer_bytes or packet[0] & VERSION_MASK != VERSION:
            refusals.malformed += 1
            return None
        ssrc = _ssrc(packet)
        word_at = len(packet) - transform.rtcp_word_from_end
        word = int.from_bytes(packet[word_at : word_at + RTCP_WORD_BYTES], "big")
        index = word & RTCP_INDEX_MASK
        window = self._windows.get(ssrc)
        if window is not None and window.is_too_old(index):
            refusals.too_old += 1
            return None
        if window is not None and window.has_seen(index):
            refusals.replayed += 1
            return None
        plain = transform.rtcp_unseal(ssrc, packet, word)
        if plain is None:
            refusals.forged += 1
            return None
        if window is not None:
            window.accept(index)
        elif len(self._windows) < SOURCES_MAX:
            self._windows[ssrc] = ReplayWindow(index)
        else:
            refusals.too_many_sources += 1
            return None
        return plain


def _ssrc(packet: bytes) -> int:
    return int.from_bytes(packet[4:8], "big")
