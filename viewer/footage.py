"""What the viewer asks of the archive. `recorder.Archiver` fulfils it, to this very moment; `recorder.Index`
does for what is sealed."""

from typing import Protocol

from recorder import Footage, FoundSegment, SegmentFact


class FootageSource(Protocol):
    async def recordings(self, device_id: str, channel: str, start_utc_ns: int, end_utc_ns: int) -> Footage:
        """Segments and gaps of a channel that touch the interval, in order of placed time."""

    async def segment(self, segment_id: str) -> FoundSegment | None:
        """The segment with this id, and whose it is."""

    async def next_segment(
        self, device_id: str, channel: str, start_utc_ns: int, after: str = ""
    ) -> SegmentFact | None:
        """The first segment of a channel that begins at this moment or behind it; of those that begin in it, only what
        has a greater id than `after`."""

    def reached(self, device_id: str, channel: str) -> int | None:
        """Placed time up to which a channel is being written; None while nothing of it is."""
