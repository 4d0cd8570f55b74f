"""The groups of pictures of a segment, told by its journal: which bytes a player asks for to show a moment.

A group is a key picture and all bytes up to the next one, sound of that time among them; where a segment begins or goes
on without a key picture, what stands there is a group as well. Sound without pictures is cut every two seconds. The
groups follow each other without a hole: every fragment's bytes are in exactly one.

A journal only grows, so that of an open segment is taken piece by piece and never read twice. Records are believed by
CRC and number, as `span_of` does; `verify` follows the chain. A damaged one ends its group, and belongs to none.

Not here: whether the segment file has these bytes.
"""

from dataclasses import dataclass
from struct import Struct
from zlib import crc32

from media import VIDEO_TRACK_ID, FragmentFlag
from media.fmp4 import utc_ns_from_ntp
from storage.journal import CRC_OFFSET, RECORD_SIZE, VERSION, Kind, parse
from storage.segment import RecordedGap
from storage.segment_reader import gap_from

SOUND_GROUP_NS = 2_000_000_000  # as long as a group of pictures of most recorders

# kind, version, track, number | offset, sequence | device NTP, placed time, length, flags | duration, clock rate | CRC:
# plain numbers, for there are ten thousand records in five minutes.
_RECORD = Struct("<BBBxIQq24xQqII4xII72xI")
assert _RECORD.size == RECORD_SIZE


@dataclass(frozen=True, slots=True)
class Group:
    """Bytes of a segment file that are shown together. Times are placed.

    `key`: a decoder can begin at its first picture (or sound, where there are no pictures). `first_length` bytes are
    its first fragment. `device_ahead_ns` is the device's own clock less placed time at its first picture; None where
    the device never told its clock.
    """

    first_sequence: int
    first_length: int
    start_utc_ns: int
    end_utc_ns: int
    offset: int
    length: int
    pictures: int
    key: bool
    device_ahead_ns: int | None


@dataclass(slots=True)
class _Growing:
    """The group that may still get fragments."""

    first_sequence: int
    first_length: int
    offset: int
    end: int
    first_utc_ns: int  # of its first fragment
    key: bool
    pictures: int = 0
    start_utc_ns: int = 0  # of its pictures, as long as it has any; else of its sound
    end_utc_ns: int = 0
    device_ahead_ns: int | None = None

    def group(self) -> Group:
        return Group(
            first_sequence=self.first_sequence,
            first_length=self.first_length,
            start_utc_ns=self.start_utc_ns,
            end_utc_ns=self.end_utc_ns,
            offset=self.offset,
            length=self.end - self.offset,
            pictures=self.pictures,
            key=self.key or not self.pictures,
            device_ahead_ns=self.device_ahead_ns,
        )


class GroupReader:
    """Give it the records of one journal from the first on, piece by piece; of a record that is cut off it takes
    nothing."""

    def __init__(self) -> None:
        self.records = 0  # taken so far: where the next piece begins
        self.damaged = 0
        self.gaps: list[RecordedGap] = []
        self._done: list[Group] = []
        self._growing: _Growing | None = None

    def groups(self) -> tuple[Group, ...]:
        """Those so far; the last may get more."""
        return (*self._done, *(() if self._growing is None else (self._growing.group(),)))

    @property
    def end_offset(self) -> int:
        """Where the bytes of the fragments taken so far end in the segment file."""
        if self._growing is not None:
            return self._growing.end
        return self._done[-1].offset + self._done[-1].length if self._done else 0

    def take_durable(self, records: bytes) -> bool:
        """Take what a sync record in this piece says is durable; False: there is no such record."""
        durable = _durable_records(records)
        if durable is not None:
            self.take(records[: max(0, durable - self.records) * RECORD_SIZE])
        return durable is not None

    def take(self, records: bytes) -> None:
        view = memoryview(records)[: len(records) - len(records) % RECORD_SIZE]
        for at, row in enumerate(_RECORD.iter_unpack(view)):
            kind, version, track, number, offset, sequence, ntp, placed, length, flags, duration, rate, crc = row
            record = view[at * RECORD_SIZE : (at + 1) * RECORD_SIZE]
            known = version == VERSION and number == self.records and (rate or kind != Kind.FRAGMENT)
            self.records += 1
            if not known or crc32(record[:CRC_OFFSET]) != crc:
                self.damaged += 1
                self._close()
            elif kind == Kind.FRAGMENT:
                end_utc_ns = placed + duration * 1_000_000_000 // rate
                self._fragment(track, offset, sequence, ntp, placed, end_utc_ns, length, flags)
            elif kind == Kind.GAP and (gap := parse(record)) is not None:
                self.gaps.append(gap_from(gap))

    def _fragment(
        self, track: int, offset: int, sequence: int, ntp: int, placed: int, end_utc_ns: int, length: int, flags: int
    ) -> None:
        picture = track == VIDEO_TRACK_ID
        begins = picture and bool(flags & FragmentFlag.KEY)
        group = self._growing
        if group is None or begins or offset != group.end or (not group.pictures and self._is_long(group, placed)):
            self._close()
            group = self._growing = _Growing(sequence, length, offset, offset, placed, begins)
        group.end = offset + length
        if picture and not group.pictures:  # what sound said of its times counts no more
            group.start_utc_ns, group.end_utc_ns, group.device_ahead_ns = placed, end_utc_ns, None
        elif not group.start_utc_ns:
            group.start_utc_ns, group.end_utc_ns = placed, end_utc_ns
        elif picture or not group.pictures:
            group.end_utc_ns = max(group.end_utc_ns, end_utc_ns)
        group.pictures += picture
        if ntp and group.device_ahead_ns is None and (picture or not group.pictures):
            group.device_ahead_ns = utc_ns_from_ntp(ntp) - placed

    def _is_long(self, group: _Growing, placed: int) -> bool:
        return placed - group.first_utc_ns >= SOUND_GROUP_NS

    def _close(self) -> None:
        if self._growing is not None:
            self._done.append(self._growing.group())
            self._growing = None


def _durable_records(records: bytes) -> int | None:
    """How many records of a journal are durable, by the last sync record in this piece of it; None: it has none."""
    kinds = records[::RECORD_SIZE]  # the kind is each record's first byte
    at = kinds.rfind(Kind.SYNC)
    while at >= 0:
        record = parse(records[at * RECORD_SIZE : (at + 1) * RECORD_SIZE])
        if record is not None:
            return record.quantity
        at = kinds.rfind(Kind.SYNC, 0, at)
    return None
