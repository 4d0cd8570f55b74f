"""SRTP of one peer: authentic packets out, in the order they came, each once.

The packet path: a packet is looked at where it lies, in the caller's reused buffer. Nothing is
believed before its tag is: neither the rollover, nor the window, nor that its SSRC exists.

Not here: sound order and loss (media.rtp), RTCP (srtcp).
"""

from dataclasses import replace

from media.srtp.by_profile import transform_for
from media.srtp.keys import SessionKeys
from media.srtp.packet import EXTENSION, HEADER, HEADER_SIZE, SEQUENCE_MASK, VERSION, Buffer, header_end
from media.srtp.refusals import Refusals
from media.srtp.replay import ReplayWindow
from media.srtp.transform import Unseal

# A session has picture, sound and an RTX stream of each, and may take new SSRCs when a track is
# replaced. Who holds the key can invent 2^32 of them; forgetting the oldest would let its packets be
# replayed, so the next one is refused.
SOURCES_MAX = 64

_HALF = 0x8000
_ROLLOVER = 0x1_0000


class _Source:
    """What is known of one SSRC."""

    __slots__ = ("unseal", "window")

    def __init__(self, unseal: Unseal, first: int) -> None:
        self.unseal = unseal
        self.window = ReplayWindow(first)


class SrtpReceiver:
    """Takes off the protection of what one peer sends; all its SSRCs have the same key."""

    def __init__(self, keys: SessionKeys) -> None:
        self._transform = transform_for(keys.rtp)
        self._tag_bytes = keys.rtp.profile.tag_bytes
        self._sources: dict[int, _Source] = {}
        self._refusals = Refusals()

    def refusals(self) -> Refusals:
        """A copy of the counts."""
        return replace(self._refusals)

    def unprotect(self, buffer: Buffer, start: int, end: int) -> bytes | None:
        """The plain RTP packet in `buffer[start:end]`, header first; None when it is refused, and counted."""
        if end - start < HEADER_SIZE + self._tag_bytes:
            self._refusals.malformed += 1
            return None
        first, _, sequence, _, ssrc = HEADER.unpack_from(buffer, start)
        if first == VERSION:
            payload = start + HEADER_SIZE
        elif first == VERSION | EXTENSION and end - start >= HEADER_SIZE + 4:  # as Chromium's all are
            payload = start + HEADER_SIZE + 4 + 4 * (buffer[start + 14] << 8 | buffer[start + 15])
        else:
            payload = header_end(buffer, start, end)
        if payload < 0 or end - payload < self._tag_bytes:
            self._refusals.malformed += 1
            return None
        header = bytes(buffer[start:payload])
        source = self._sources.get(ssrc)
        if source is None:
            return self._unprotect_first(ssrc, sequence, header, buffer[payload:end])
        window = source.window
        index = window.newest + 1
        if sequence != index & SEQUENCE_MASK:  # mostly it is the next one
            index = nearest_index(window.newest, sequence)
            if index <= window.newest:
                if window.is_too_old(index):
                    self._refusals.too_old += 1
                    return None
                if window.has_seen(index):
                    self._refusals.replayed += 1
                    return None
        plain = source.unseal(header, buffer[payload:end], index)
        if plain is None:
            self._refusals.forged += 1
            return None
        window.accept(index)
        return header + plain

    def _unprotect_first(self, ssrc: int, sequence: int, header: bytes, body: Buffer) -> bytes | None:
        """A packet of an SSRC nobody knows: its rollover counter begins at 0 (RFC 3711, 3.3.1)."""
        unseal = self._transform.rtp_unseal(ssrc)
        plain = unseal(header, body, sequence)
        if plain is None:
            self._refusals.forged += 1
            return None
        if len(self._sources) >= SOURCES_MAX:
            self._refusals.too_many_sources += 1
            return None
        self._sources[ssrc] = _Source(unseal, sequence)
        return header + plain


def nearest_index(newest: int, sequence: int) -> int:
    """The index with this sequence number that is nearest to the newest one (RFC 3711, appendix A).

    None is below 0: before the first rollover there is nothing to be behind of, however far ahead a
    number looks.
    """
    index = newest - (newest & 0xFFFF) + sequence
    if index - newest > _HALF and index >= _ROLLOVER:
        return index - _ROLLOVER
    if newest - index > _HALF:
        return index + _ROLLOVER
    return index
