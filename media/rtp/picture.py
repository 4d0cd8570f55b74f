"""From NAL units to pictures: what begins one, what ends one, and when it is damaged.

A picture ends at the marker, or at a new RTP time if the marker was lost. Three faults of devices
are borne:

- Some mark every NAL unit, or parameter sets alone. So a marker ends a picture only if a slice has
  been seen since it began, and no NAL unit is still in parts.
- Some send parameter sets with an RTP time of their own. So a new RTP time does not end what has no
  slice yet: it goes with the picture that follows. Either way no key frame loses its sets.
- Some send packets of the same picture after its marker. Then that stream is closed by RTP time
  only, for good, and says so in `closing`; the one picture that was cut is marked damaged.

An empty payload begins and ends nothing: libwebrtc probes a link with packets of padding alone, behind a
marker and with its RTP time.

Not here: how payloads are cut into NAL units (h264, h265).
"""

from collections.abc import Sequence

from media.access_unit import AccessUnit
from media.rtp.depacketizer import Bounds, Closing
from media.rtp.packet import Buffer

UNIT_MAX_BYTES = 4 * 1024 * 1024  # an access unit; gortsplib's limit, and ten times a 4K key frame of a recorder
UNIT_MAX_NALS = 4_096  # a unit of that size in slices of one packet each is 3,000; more are an attack


class PictureDepacketizer:
    """The part of a video depacketizer that does not depend on the codec.

    A codec appends whole NAL units to `_nals` in `_unpack`, keeps the parts of an unfinished one in
    `_parts`, and notes slices in `_slice_seen`, `_first_slice_seen` and `_key`. Plain attributes, no
    objects: every packet of every device passes here.
    """

    def __init__(self) -> None:
        self.malformed = 0
        self.oversized = 0
        self.closing = Closing.MARKER
        self._by_marker = True
        self._nals: list[bytes] = []
        # Of the NAL unit that is being put together; empty when there is none. Views only within a row.
        self._parts: list[bytes | memoryview] = []
        self._bytes = 0  # payload bytes since the picture began; past the limit while it is discarded
        self._slice_seen = False
        self._first_slice_seen = False
        self._key = False
        self._damaged = False
        self._lost = 0
        self._behind_loss = False  # no whole NAL unit has come since packets were lost
        self._open = False  # packets of `_rtp_time` have come, and no marker has closed it
        self._rtp_time = -1
        self._mono_ns = 0
        self._utc_ns = 0
        self._discarding = False  # the open picture passed a limit: drop it up to its end

    def push(
        self, buffer: Buffer, start: int, end: int, rtp_time: int, marker: int, mono_ns: int, utc_ns: int
    ) -> Sequence[AccessUnit]:
        units: Sequence[AccessUnit] = ()
        if not self._open or rtp_time != self._rtp_time:
            if start == end:
                return units
            units = self._turn(rtp_time)
        self._mono_ns = mono_ns
        self._utc_ns = utc_ns
        self._bytes += end - start
        if self._bytes <= UNIT_MAX_BYTES:
            self._unpack(buffer, start, end)
        else:
            self._discard()
        if marker and self._by_marker and not self._parts and (self._slice_seen or self._discarding):
            if units:
                return (*units, *self._close())
            return self._close()
        return units

    def push_row(
        self, buffer: Buffer, bounds: Bounds, rtp_time: int, marker: int, mono_ns: int, utc_ns: int
    ) -> Sequence[AccessUnit]:
        units: Sequence[AccessUnit] = ()
        if not self._open or rtp_time != self._rtp_time:
            units = self._turn(rtp_time)
        self._mono_ns = mono_ns
        self._utc_ns = utc_ns
        self._bytes += sum([end - start for start, end in bounds])
        if self._bytes <= UNIT_MAX_BYTES:
            before, owned = self._parts, len(self._parts)
            self._unpack_row(buffer, bounds)
            parts = self._parts
            for place in range(owned if parts is before else 0, len(parts)):
                parts[place] = bytes(parts[place])  # it may lie in the buffer, which the caller uses again
        else:
            self._discard()
        if marker and self._by_marker and not self._parts and (self._slice_seen or self._discarding):
            return (*units, *self._close()) if units else self._close()
        return units

    def lose(self, packets: int) -> None:
        self._lost += packets
        self._behind_loss = True
        if self._open:
            self._damaged = True
            self._parts = []

    def flush(self) -> Sequence[AccessUnit]:
        """The open picture, which never saw its marker: nobody knows whether all of it came."""
        return self._close(marker_lost=self._by_marker) if self._open and self._slice_seen else ()

    def _unpack(self, buffer: Buffer, start: int, end: int) -> None:
        """Take the NAL units, or the part of one, out of a payload."""
        raise NotImplementedError

    def _unpack_row(self, buffer: Buffer, bounds: Bounds) -> None:
        """The same for payloads in a row. The parts that stay may be views of the buffer."""
        for start, end in bounds:
            self._unpack(buffer, start, end)

    def _take(self, nal: bytes) -> None:
        """Note a whole NAL unit: what it says of the picture, and its bytes."""
        raise NotImplementedError

    def _turn(self, rtp_time: int) -> Sequence[AccessUnit]:
        """A packet has come that does not continue the open picture as the last one did."""
        units: Sequence[AccessUnit] = ()
        if self._open:
            if self._parts:  # no NAL unit goes on in another picture
                self._miss()
            if self._slice_seen or self._discarding:
                units = self._close(marker_lost=self._by_marker)
            elif self._damaged:  # all its slices were lost: what is left of it belongs to no picture
                self._nals = []
                self._bytes = 0
                self._damaged = False
        elif rtp_time == self._rtp_time:
            self._by_marker = False
            self.closing = Closing.RTP_TIME
        self._open = True
        self._rtp_time = rtp_time
        return units

    def _close(self, *, marker_lost: bool = False) -> Sequence[AccessUnit]:
        """End the open picture, and begin with nothing."""
        if self._parts:
            self._miss()
        damaged = self._damaged or not self._first_slice_seen
        units: Sequence[AccessUnit] = ()
        if self._nals and not self._discarding:
            units = (
                AccessUnit(
                    tuple(self._nals),
                    self._rtp_time,
                    self._mono_ns,
                    self._utc_ns,
                    self._key,
                    self._lost,
                    damaged,
                    marker_lost,
                ),
            )
            self._lost = 0
            self._nals = []
        self._bytes = 0
        self._open = self._slice_seen = self._first_slice_seen = False
        self._key = self._damaged = self._discarding = False
        return units

    def _discard(self) -> None:
        """The picture passed a limit: nobody gets it, and it is counted once."""
        if not self._discarding:
            self._discarding = True
            self.oversized += 1
            self._bytes = UNIT_MAX_BYTES + 1
            self._nals = []
            self._parts = []

    def _miss(self) -> None:
        """A fragmented NAL unit without its start or its end. Behind a loss that is no fault of the device."""
        self._parts = []
        self._damaged = True
        if not self._behind_loss:
            self.malformed += 1

    def _break(self) -> None:
        """Bytes that the payload format does not allow: what they were is missing."""
        self.malformed += 1
        self._damaged = True
