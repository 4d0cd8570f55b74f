"""AAC over RTP (RFC 3640, mode AAC-hbr and its kin), both ways.

A packet carries one or more whole frames, or one part of a frame. Interleaving, which no recorder
uses, would only disturb the order: index fields are read over.
"""

from collections.abc import Mapping, Sequence
from struct import Struct

from media.access_unit import AccessUnit
from media.rtp.depacketizer import Closing, SoundDepacketizer
from media.rtp.packet import RTP_TIME_MASK, Buffer

FRAME_MAX_BYTES = 8_191  # what the 13 bits of AAC-hbr can say

_SIZE_LENGTH = 13  # AAC-hbr
_INDEX_LENGTH = 3
_LENGTH_MAX = 32  # of any field of an AU header
_FRAMES_MAX = 64  # in a packet; a packet of 64 KiB and the smallest sensible frames has fewer
_FRAME_SAMPLES = 1_024
_SHORT_FRAME_SAMPLES = 960
_SAMPLE_RATES = (96_000, 88_200, 64_000, 48_000, 44_100, 32_000, 24_000, 22_050, 16_000, 12_000, 11_025, 8_000, 7_350)
_RATE_EXPLICIT = 15
_TYPE_EXTENDED = 31
_HEADER_BITS = _SIZE_LENGTH + _INDEX_LENGTH

_unpack_hbr = Struct("!HH").unpack_from  # bits of AU headers, the first AU header


class AacDepacketizer(SoundDepacketizer):
    """Frames without ADTS headers, as MP4 wants them."""

    def __init__(self, clock_rate: int, fmtp: Mapping[str, str]) -> None:
        self.malformed = 0
        self.oversized = 0
        self.closing = Closing.MARKER
        self._size_length = _length(fmtp, "sizelength", _SIZE_LENGTH)
        self._index_length = _length(fmtp, "indexlength", _INDEX_LENGTH)
        self._delta_length = _length(fmtp, "indexdeltalength", _INDEX_LENGTH)
        self._auxiliary_length = _length(fmtp, "auxiliarydatasizelength", 0)
        lengths = (self._size_length, self._index_length, self._auxiliary_length)
        self._hbr = lengths == (_SIZE_LENGTH, _INDEX_LENGTH, 0)
        given = fmtp.get("constantduration", "")
        duration = int(given) if given.isascii() and given.isdecimal() and len(given) < 9 else 0
        self._duration = duration or _frame_duration(clock_rate, fmtp.get("config", ""))
        self._lost = 0
        self._parts: list[bytes] = []
        self._parts_bytes = 0
        self._parts_rtp_time = -1
        self._constant_size = _length_or(fmtp, "constantsize")

    def push(
        self, buffer: Buffer, start: int, end: int, rtp_time: int, marker: int, mono_ns: int, utc_ns: int
    ) -> Sequence[AccessUnit]:
        if start == end:
            return ()
        if self._hbr and end - start > 4 and not self._parts:
            # One whole frame behind its header of 16 bits: what recorders send.
            bits, header = _unpack_hbr(buffer, start)
            if bits == _HEADER_BITS and header >> _INDEX_LENGTH == end - start - 4:
                lost, self._lost = self._lost, 0
                return (AccessUnit((bytes(buffer[start + 4 : end]),), rtp_time, mono_ns, utc_ns, True, lost),)
        sizes, start = self._headers(buffer, start, end)
        if not sizes:
            self.malformed += 1
            return ()
        if sizes[0] > end - start and len(sizes) == 1:
            return self._push_part(bytes(buffer[start:end]), sizes[0], rtp_time, mono_ns, utc_ns)
        self._drop_parts()
        units: list[AccessUnit] = []
        for i, size in enumerate(sizes):
            if size > end - start:
                self.malformed += 1
                break
            if size:
                frame = bytes(buffer[start : start + size])
                units.append(self._unit(frame, rtp_time + i * self._duration & RTP_TIME_MASK, mono_ns, utc_ns))
            start += size
        return units

    def lose(self, packets: int) -> None:
        self._lost += packets
        self._parts = []
        self._parts_bytes = 0

    def flush(self) -> Sequence[AccessUnit]:
        self._drop_parts()
        return ()

    def _unit(self, frame: bytes, rtp_time: int, mono_ns: int, utc_ns: int) -> AccessUnit:
        lost, self._lost = self._lost, 0
        return AccessUnit((frame,), rtp_time, mono_ns, utc_ns, True, lost)

    def _push_part(self, part: bytes, size: int, rtp_time: int, mono_ns: int, utc_ns: int) -> Sequence[AccessUnit]:
        """One part of a frame, 3.2.3.1: each names the whole frame's size, and they share its RTP time."""
        if rtp_time != self._parts_rtp_time:
            self._drop_parts()
        self._parts_rtp_time = rtp_time
        self._parts.append(part)
        self._parts_bytes += len(part)
        if self._parts_bytes < size <= FRAME_MAX_BYTES:
            return ()
        frame, parts_bytes = b"".join(self._parts), self._parts_bytes
        self._parts, self._parts_bytes = [], 0
        if parts_bytes != size:
            self.oversized += size > FRAME_MAX_BYTES
            self.malformed += size <= FRAME_MAX_BYTES
            return ()
        return (self._unit(frame, rtp_time, mono_ns, utc_ns),)

    def _drop_parts(self) -> None:
        if self._parts:  # the end of this frame never came
            self.malformed += 1
            self._parts = []
            self._parts_bytes = 0

    def _headers(self, buffer: Buffer, start: int, end: int) -> tuple[list[int], int]:
        """The sizes in the AU headers section (3.2.1), and where the frames begin; no sizes when it lies."""
        if not self._size_length:
            if self._constant_size:
                return [self._constant_size] * min(_FRAMES_MAX, (end - start) // self._constant_size), start
            return [end - start], start
        if end - start < 2:
            return [], start
        bits = buffer[start] << 8 | buffer[start + 1]
        start += 2
        section_bytes = (bits + 7) // 8
        if section_bytes > end - start:
            return [], start
        section = int.from_bytes(buffer[start : start + section_bytes], "big") >> (8 * section_bytes - bits)
        start += section_bytes
        sizes: list[int] = []
        index_length = self._index_length
        while bits >= self._size_length + index_length:
            if len(sizes) >= _FRAMES_MAX:
                return [], start
            bits -= self._size_length
            sizes.append(section >> bits & (1 << self._size_length) - 1)
            bits -= index_length
            index_length = self._delta_length
        if self._auxiliary_length:
            start = self._skip_auxiliary(buffer, start, end)
        return sizes, start

    def _skip_auxiliary(self, buffer: Buffer, start: int, end: int) -> int:
        """The auxiliary section, 3.2.2: its size in bits, the bits, padded to a byte."""
        head_bytes = (self._auxiliary_length + 7) // 8
        head = int.from_bytes(buffer[start : min(end, start + head_bytes)], "big")
        size = head >> (8 * head_bytes - self._auxiliary_length)
        return min(end, start + (self._auxiliary_length + size + 7) // 8)


def packetize_aac(frame: bytes, *, payload_bytes_max: int) -> list[bytes]:
    """One frame as AAC-hbr payloads: one packet, or parts of equal RTP time."""
    if len(frame) > FRAME_MAX_BYTES:
        raise ValueError(f"an AAC frame of {len(frame)} bytes cannot be sent in AAC-hbr")
    header = _HEADER_BITS.to_bytes(2, "big") + (len(frame) << _INDEX_LENGTH).to_bytes(2, "big")
    step = payload_bytes_max - len(header)
    return [header + frame[at : at + step] for at in range(0, len(frame), step)]


def _length(fmtp: Mapping[str, str], name: str, otherwise: int) -> int:
    """A field's length in bits. A nonsense one counts as not given."""
    value = _length_or(fmtp, name)
    return otherwise if value is None or value > _LENGTH_MAX else value


def _length_or(fmtp: Mapping[str, str], name: str) -> int | None:
    value = fmtp.get(name, "")
    return int(value) if value.isascii() and value.isdecimal() and len(value) <= 5 else None


def _frame_duration(clock_rate: int, config: str) -> int:
    """Samples of a frame in the RTP clock, by the AudioSpecificConfig (ISO 14496-3, 1.6.2.1).

    With SBR signalled explicitly the clock runs at the doubled rate, and a frame is 2,048 of it.
    """
    try:
        bits = int(config, 16)
        left = 4 * len(config)
    except ValueError:
        return _FRAME_SAMPLES

    def take(count: int) -> int:
        nonlocal left
        left -= count
        return bits >> left & (1 << count) - 1 if left >= 0 else 0

    if take(5) == _TYPE_EXTENDED:
        take(6)
    index = take(4)
    rate = take(24) if index == _RATE_EXPLICIT else _SAMPLE_RATES[index] if index < len(_SAMPLE_RATES) else 0
    take(4)
    samples = _SHORT_FRAME_SAMPLES if take(1) else _FRAME_SAMPLES
    if not rate or clock_rate % rate:
        return samples
    return samples * (clock_rate // rate)
