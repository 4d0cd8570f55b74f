"""What there is of a channel over an interval, as references: found in rows and journals, off the event loop.

Not here: whether it may be pointed at, and for what.
"""

import asyncio
from collections.abc import Awaitable, Callable
from itertools import groupby
from pathlib import Path

from media import Reference
from recorder.footage import Footage, SegmentFact
from storage import SegmentUnreadableError, read_journal, span_of

Recordings = Callable[[str, str, int, int], Awaitable[Footage]]  # as `Archiver.recordings`


async def find_references(
    recordings: Recordings, media: Path, device: str, channel: str, start_utc_ns: int, end_utc_ns: int
) -> tuple[Reference, ...]:
    """One a stream, in order of placed time; none: there is no footage and no gap with a number.

    Raises:
        SegmentUnreadableError, OSError: a journal at either end of the interval cannot be read.
    """
    footage = await recordings(device, channel, start_utc_ns, end_utc_ns)
    there = [segment for segment in footage.segments if not segment.missing]
    if not there:
        return ()
    ends = {there[0].id, there[-1].id}
    spans = await asyncio.to_thread(
        lambda: [_span(media, one, start_utc_ns, end_utc_ns) if one.id in ends else _whole(one) for one in there]
    )
    found = [(segment.stream, span) for segment, span in zip(there, spans, strict=True) if span is not None]
    references = []
    for stream, of_stream in groupby(found, key=lambda pair: pair[0]):
        numbers = [span for _, span in of_stream]
        references.append(Reference(stream, numbers[0][0], numbers[-1][1]))
    return tuple(references)


def _whole(segment: SegmentFact) -> tuple[int, int]:
    return segment.first_sequence, segment.last_sequence


def _span(media: Path, segment: SegmentFact, start_utc_ns: int, end_utc_ns: int) -> tuple[int, int] | None:
    try:
        return span_of(read_journal(media / segment.path), start_utc_ns, end_utc_ns)
    except SegmentUnreadableError:
        if segment.sealed:
            raise
        return _whole(segment)  # its first records are on their way to the disk
