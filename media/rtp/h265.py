"""H.265 over RTP (RFC 7798): single NAL units, aggregation packets and fragmentation units.

PACI packets (50) carry what no recorder sends and are counted as malformed. Decoding order numbers
(sprop-max-don-diff above 0) are left out of the bytes; the order is that of the packets, which is
the decoding order of every sender that does not interleave.
"""

from media.nal import H265Nal
from media.rtp.depacketizer import Bounds
from media.rtp.packet import Buffer
from media.rtp.picture import UNIT_MAX_NALS, PictureDepacketizer

AGGREGATION = 48
FRAGMENTATION = 49

_HEADER_SIZE = 2
_FU_START = 0x80
_FU_END = 0x40
_FU_TYPE_MASK = 0x3F
_LAYER_MASK = 0x81  # forbidden bit and the high bit of the layer id: what stands beside the type
_ORDER_NUMBER_SIZE = 2

_SLICES_END = H265Nal.VPS.value  # types below are slice segments
_KEY_FIRST = H265Nal.BLA_W_LP.value
_KEY_LAST = H265Nal.CRA.value


class H265Depacketizer(PictureDepacketizer):
    """NAL units as they were before they were packetized."""

    def __init__(self, *, decoding_order_numbers: bool = False) -> None:
        super().__init__()
        self._skip = _ORDER_NUMBER_SIZE if decoding_order_numbers else 0

    def _unpack(self, buffer: Buffer, start: int, end: int) -> None:
        if end - start < _HEADER_SIZE:
            if end > start:
                self._break()
            return
        kind = buffer[start] >> 1 & 0x3F
        if kind == FRAGMENTATION:
            if end - start < 3:
                self._break()
                return
            part = buffer[start + 2]
            if part & _FU_START:
                if self._parts:  # start after start: the first one's end is missing
                    self._miss()
                header = bytes((buffer[start] & _LAYER_MASK | (part & _FU_TYPE_MASK) << 1, buffer[start + 1]))
                self._parts = [header, bytes(buffer[start + 3 + self._skip : end])]
            elif self._parts:
                self._parts.append(bytes(buffer[start + 3 : end]))
            else:  # its start is missing
                self._miss()
                return
            if part & _FU_END:
                nal = b"".join(self._parts)
                self._parts = []
                self._take(nal)
        elif kind < AGGREGATION:
            if self._skip:
                self._take(bytes(buffer[start : start + 2]) + bytes(buffer[start + 2 + self._skip : end]))
            else:
                self._take(bytes(buffer[start:end]))
        elif kind == AGGREGATION:
            self._unpack_aggregate(buffer, start + _HEADER_SIZE + self._skip, end)
        else:
            self._break()

    def _unpack_row(self, buffer: Buffer, bounds: Bounds) -> None:
        view = memoryview(buffer)
        for start, end in bounds:
            parts = self._parts
            # The middle of a fragmented unit, as in h264.
            if parts and end - start > 3 and view[start] >> 1 & 0x3F == FRAGMENTATION and view[start + 2] < _FU_END:
                parts.append(view[start + 3 : end])
            else:
                self._unpack(view, start, end)

    def _unpack_aggregate(self, buffer: Buffer, start: int, end: int) -> None:
        """4.4.2: lengths of 16 bits before each NAL unit, from the second on after an eight-bit order number."""
        while end - start > 2:
            size = buffer[start] << 8 | buffer[start + 1]
            start += 2
            if not size:
                break  # padding
            if size > end - start:
                self._break()
                return
            if self._discarding:
                return
            self._take(bytes(buffer[start : start + size]))
            start += size + (1 if self._skip else 0)
        if start < end and any(buffer[start:end]):
            self._break()

    def _take(self, nal: bytes) -> None:
        if self._parts:  # a fragmented one before it never ended
            self._miss()
        self._behind_loss = False
        if len(self._nals) >= UNIT_MAX_NALS:
            self._discard()
            return
        self._nals.append(nal)
        kind = nal[0] >> 1 & 0x3F
        if kind < _SLICES_END:
            self._slice_seen = True
            if len(nal) > 2 and nal[2] & 0x80:  # first_slice_segment_in_pic_flag
                self._first_slice_seen = True
            if _KEY_FIRST <= kind <= _KEY_LAST:
                self._key = True
