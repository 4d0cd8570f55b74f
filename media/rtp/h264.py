"""H.264 over RTP (RFC 6184): single NAL units, STAP-A and FU-A, both ways.

Interleaved mode (STAP-B, MTAP, FU-B; packetization-mode 2) is not spoken by recorders: its packets
are counted as malformed.
"""

from media.nal import H264Nal, split_annexb
from media.rtp.depacketizer import Bounds
from media.rtp.packet import Buffer
from media.rtp.picture import UNIT_MAX_NALS, PictureDepacketizer

STAP_A = 24
FU_A = 28

_TYPE_MASK = 0x1F
_HEADER_MASK = 0xE0  # F and NRI
_FU_START = 0x80
_FU_END = 0x40

_SLICE = H264Nal.SLICE.value
_PARTITION_A = H264Nal.PARTITION_A.value
_KEY_SLICE = H264Nal.IDR_SLICE.value


class H264Depacketizer(PictureDepacketizer):
    """NAL units as they were before they were packetized."""

    def _unpack(self, buffer: Buffer, start: int, end: int) -> None:
        if start == end:
            return
        header = buffer[start]
        kind = header & _TYPE_MASK
        if kind == FU_A and end - start > 1:
            part = buffer[start + 1]
            if part & _FU_START:
                if self._parts:  # start after start: the first one's end is missing
                    self._miss()
                self._parts = [bytes((header & _HEADER_MASK | part & _TYPE_MASK,)), bytes(buffer[start + 2 : end])]
            elif self._parts:
                self._parts.append(bytes(buffer[start + 2 : end]))
            else:  # its start is missing
                self._miss()
                return
            if part & _FU_END:
                nal = b"".join(self._parts)
                self._parts = []
                self._take(nal)
        elif 1 <= kind < STAP_A:
            self._take(bytes(buffer[start:end]))
        elif kind == STAP_A:
            self._unpack_aggregate(buffer, start + 1, end)
        elif buffer[start] == 0 and (nals := split_annexb(bytes(buffer[start:end]))):
            # Some cameras (FLIR, by gortsplib) leave Annex B start codes in the payload.
            for nal in nals:
                self._take(nal)
        else:
            self._break()

    def _unpack_row(self, buffer: Buffer, bounds: Bounds) -> None:
        view = memoryview(buffer)
        for start, end in bounds:
            parts = self._parts
            # The middle of a fragmented unit, as most packets are. A view: copied once, when the unit is whole.
            if parts and end - start > 2 and buffer[start] & _TYPE_MASK == FU_A and buffer[start + 1] < _FU_END:
                parts.append(view[start + 2 : end])
            else:
                self._unpack(view, start, end)

    def _unpack_aggregate(self, buffer: Buffer, start: int, end: int) -> None:
        """STAP-A, 5.7.1: lengths of 16 bits before each NAL unit."""
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
            start += size
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
        kind = nal[0] & _TYPE_MASK
        if kind in (_SLICE, _KEY_SLICE, _PARTITION_A):
            self._slice_seen = True
            # first_mb_in_slice 0 is the one-bit code "1": H.264, 7.3.3
            if len(nal) > 1 and nal[1] & 0x80:
                self._first_slice_seen = True
            if kind == _KEY_SLICE:
                self._key = True
