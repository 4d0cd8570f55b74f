"""What a store promised at the instant of a crash, and whether it was kept (invariants I1, I2, I6, I7).

Read from the files by themselves, beside what `mingjing store check` says of them.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import av

from media import VIDEO_TRACK_ID
from mingjing.simulator import DeviceReport
from storage import ByteRange, Kind, Record, SegmentUnreadableError, read_header, read_journal, read_range
from storage.journal import RECORD_SIZE, true_records
from tests.house.archive import Archive

SECOND_NS = 1_000_000_000


@dataclass(frozen=True, slots=True)
class Promise:
    """One segment: the part of its journal that a sync record, or its end, vouches for."""

    path: Path
    journal: bytes
    fragments: tuple[Record, ...]

    def is_kept(self) -> bool:
        """Whether all of that is still there, and every fragment is what was hashed at ingest (I1)."""
        if not read_journal(self.path).startswith(self.journal):
            return False
        ranges = ((record, ByteRange(record.offset, record.length)) for record in self.fragments)
        return all(sha256(read_range(self.path, part)).digest() == record.digest for record, part in ranges)


def promises(media: Path) -> list[Promise]:
    """Of every segment in the store, as the files are at this moment."""
    found = []
    for path in media.glob("[0-9]*/*/*/*.mp4"):
        try:
            journal = read_journal(path)
            records = list(true_records(journal, read_header(path, journal).chain))
        except SegmentUnreadableError:
            continue  # killed before its header was written: nothing was promised
        ended = records[-1].kind == Kind.END
        durable = len(records) if ended else max((r.quantity for r in records if r.kind == Kind.SYNC), default=0)
        fragments = tuple(record for record in records[:durable] if record.kind == Kind.FRAGMENT)
        found.append(Promise(path, journal[: durable * RECORD_SIZE], fragments))
    return found


def newest_before(archive: Archive, mono_ns: int) -> int:
    """When the newest picture that is kept of the time before `mono_ns` was sent (monotonic ns)."""
    return max(stamp.mono_ns for _, stamp in archive.stamped() if stamp.mono_ns <= mono_ns)


def first_after(archive: Archive, mono_ns: int) -> int:
    """When the first picture after `mono_ns` that is kept was received (monotonic ns)."""
    return min(record.received_mono_ns for record, _ in archive.stamped() if record.received_mono_ns > mono_ns)


def out_of_order(archive: Archive, sent: DeviceReport) -> list[str]:
    """What is not as it was sent: each publication is kept from its first picture on, each picture once."""
    units = archive.units()
    faults = []
    for part in sent.sent:
        kept = [n for n in units if part.first_n <= n <= part.last_n]
        if kept != list(range(part.first_n, part.first_n + len(kept))):
            faults.append(f"{archive.device}: pictures {part.first_n} to {part.last_n} are kept as {kept}")
    if units != sorted(set(units)):
        faults.append(f"{archive.device}: a picture is kept twice, or late")
    return faults


@dataclass(frozen=True, slots=True)
class Account:
    """The time of one channel, from the first picture that is kept to the last (I7)."""

    footage_ns: int
    missing_ns: int  # in gaps
    elapsed_ns: int  # by the server's monotonic clock, over all its runs

    @property
    def unexplained_s(self) -> float:
        return (self.elapsed_ns - self.footage_ns - self.missing_ns) / SECOND_NS


def account(archive: Archive) -> Account:
    pictures = [record for record in archive.records() if _is_picture(record)]
    gaps = [(gap.start_utc_ns, gap.end_utc_ns) for gap in archive.gaps()]
    footage = list(_joined((record.placed_utc_ns, record.end_utc_ns) for record in pictures))
    first, last = pictures[0], pictures[-1]
    lasts_ns = last.end_utc_ns - last.placed_utc_ns
    return Account(
        footage_ns=sum(end - start for start, end in footage),
        missing_ns=sum(end - start for start, end in gaps),
        elapsed_ns=last.received_mono_ns - first.received_mono_ns + lasts_ns,
    )


def undecodable(archive: Archive) -> list[str]:
    """Segments of which libav does not get every picture out."""
    faults = []
    for path in archive.files():
        journal = read_journal(path)
        kept = sum(_is_picture(record) for record in true_records(journal, read_header(path, journal).chain))
        with av.open(str(path), options={"err_detect": "explode"}) as container:
            decoded = sum(1 for _ in container.decode(video=0))
        if decoded != kept:
            faults.append(f"{path}: {decoded} of {kept} pictures decode")
    return faults


def _is_picture(record: Record) -> bool:
    return record.kind == Kind.FRAGMENT and record.track == VIDEO_TRACK_ID


def _joined(parts: Iterator[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """The intervals without what they share."""
    reached = 0
    for start, end in sorted(parts):
        if end > reached:
            yield max(start, reached), end
            reached = end
