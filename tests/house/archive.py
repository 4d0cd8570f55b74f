"""What one channel has on disk: read from its files alone, whether they are open, ended or cut off."""

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from media import GapCause
from media.nal import Stamp, find_stamp
from storage import (
    Kind,
    Record,
    RecordedGap,
    SealedSegment,
    SegmentUnreadableError,
    read_fragments,
    read_header,
    read_journal,
    read_sealed,
)
from storage.journal import true_records

LOOK_AGAIN_S = 0.05


@dataclass(frozen=True, slots=True)
class Archive:
    """The files of one channel, in the order in which they were made."""

    media: Path
    device: str
    channel: str

    def files(self) -> list[Path]:
        folders = f"[0-9]*/{self.device}/{self.channel}/*.mp4"
        return sorted(self.media.glob(folders), key=lambda path: path.stem)

    def stamped(self) -> Iterator[tuple[Record, Stamp]]:
        """Every picture, with what the journal says of it; proven by its digest."""
        for path in self.files():
            try:
                for record, data in read_fragments(path):
                    if (stamp := find_stamp(data, 0, len(data))) is not None:
                        yield record, stamp
            except SegmentUnreadableError:
                continue  # not begun yet

    def units(self) -> list[int]:
        """The numbers of all pictures, in order."""
        return [stamp.n for _, stamp in self.stamped()]

    def records(self) -> Iterator[Record]:
        """All true records of all journals, in order."""
        for path in self.files():
            try:
                journal = read_journal(path)
                yield from true_records(journal, read_header(path, journal).chain)
            except SegmentUnreadableError:
                continue

    def gaps(self) -> list[RecordedGap]:
        return [
            RecordedGap(
                sequence=record.sequence,
                count=record.quantity,
                track_id=record.track,
                cause=GapCause(record.cause),
                start_utc_ns=record.placed_utc_ns,
                end_utc_ns=record.end_utc_ns,
                lost_packets=record.lost_packets,
            )
            for record in self.records()
            if record.kind == Kind.GAP
        ]

    def sealed(self) -> list[SealedSegment | None]:
        """What each segment says of itself; None for one that is not ended."""
        return [read_sealed(path) for path in self.files()]

    async def wait_for_unit(self, number: int, within_s: float = 20) -> None:
        """Until the picture with this number is in a file. The archive tells nobody when it writes.

        Raises:
            TimeoutError: it does not come.
        """
        async with asyncio.timeout(within_s):
            # In a thread: much footage takes its time to read, and devices of the same test go on sending.
            while number not in await asyncio.to_thread(self.units):  # noqa: ASYNC110
                await asyncio.sleep(LOOK_AGAIN_S)


async def until(condition: Callable[[], bool], within_s: float = 20) -> None:
    """Look again and again: for what happens on disk or in another process, and is told to nobody.

    Raises:
        TimeoutError: the condition does not come true.
    """
    async with asyncio.timeout(within_s):
        while not condition():  # noqa: ASYNC110
            await asyncio.sleep(LOOK_AGAIN_S)
