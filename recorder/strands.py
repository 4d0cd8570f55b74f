"""The oldest footage of each channel that nothing keeps, so that the ring finds what goes first without a walk.

A **strand** is what a channel recorded while its device was in one unit: all of it grows equally old, so its oldest
free segment says when there is something to do. There are some hundred strands; a look into the index for each of
them, and after that one for each batch that goes. Footage of a unit that keeps it for years is so passed over by
nobody, however much of it there is.

What is kept at the old end of a strand is gone through once and remembered; all of it anew when a decision changes,
and each hour, for what is kept becomes free by time, too.

Not here: how old is old, and what is deleted (ring).
Bounds: `BATCH` segments in memory a strand.
"""

from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from recorder.index import Index
from recorder.retention.places import PlaceBook
from recorder.stored import StoredSegment
from storage import BORN_UTC_NS, Clock, first_ulid

BATCH = 20  # segments a read: an hour and a half of a channel
LOOK_AGAIN_NS = 3_600_000_000_000
NEW_CHANNELS_NS = 300_000_000_000  # a look into the index a channel
# What was recorded by a clock that nobody had set has no age, and is left to a person.
_UNDATED = first_ulid(BORN_UTC_NS)

IsFree = Callable[[StoredSegment], Awaitable[bool]]


@dataclass(slots=True)
class Strand:
    """`found` are free segments, oldest first; behind them begins what was not looked at."""

    device: str
    channel: str
    unit: str
    until_utc_ns: int
    behind: tuple[int, str]
    found: deque[StoredSegment] = field(default_factory=deque)
    read_mono_ns: int | None = None  # when there was nothing free in it


class Strands:
    """For one ring. `changes` says by a number whether what keeps footage is what it was."""

    def __init__(self, index: Index, clock: Clock, places: PlaceBook, changes: Callable[[], int]) -> None:
        self._index = index
        self._clock = clock
        self._places = places
        self._changes = changes
        self._seen: tuple[int, int] | None = None
        self._made_mono_ns = 0
        self._looked_mono_ns = 0
        self._strands: dict[tuple[str, str, int], Strand] = {}

    async def all(self, *, now: bool = False) -> list[Strand]:
        """All there are, as of the last look for new channels; `now` looks."""
        seen, mono_ns = (self._changes(), self._places.changes), self._clock.mono_ns()
        if self._seen != seen or mono_ns - self._made_mono_ns > LOOK_AGAIN_NS:
            self._strands, self._seen, self._made_mono_ns, now = {}, seen, mono_ns, True
        if now or mono_ns - self._looked_mono_ns > NEW_CHANNELS_NS:
            self._looked_mono_ns = mono_ns
            for device, channel in await self._index.channels():
                for start, until, unit in self._places.stays(device):
                    behind = (max(start, BORN_UTC_NS), _UNDATED)
                    self._strands.setdefault((device, channel, start), Strand(device, channel, unit, until, behind))
        return list(self._strands.values())

    def forget(self) -> None:
        """Begin anew: what was handed out did not go."""
        self._seen = None

    async def oldest(self, strand: Strand, is_free: IsFree, *, patient: bool) -> StoredSegment | None:
        """Its oldest free segment. With `patient` a strand that had none is not asked again for a while."""
        while True:
            while strand.found:
                if await is_free(strand.found[0]):
                    return strand.found[0]
                strand.found.popleft()
            mono_ns = self._clock.mono_ns()
            if patient and strand.read_mono_ns is not None and mono_ns - strand.read_mono_ns < LOOK_AGAIN_NS:
                return None
            batch = await self._index.oldest_of(
                strand.device, strand.channel, strand.behind, strand.until_utc_ns, BATCH
            )
            if not batch:
                strand.read_mono_ns = mono_ns
                return None
            strand.behind = batch[-1].start_utc_ns, batch[-1].id
            strand.found.extend(segment for segment in batch if segment.id > _UNDATED)
