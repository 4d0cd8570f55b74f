"""The archive's ear at a stream: takes what it is handed in the event loop, for the writer thread to fetch.

Bounded by bytes, by count and by age. When a bound is reached everything is dropped until the
queue has drained and a key frame comes; the scribe sees the hole in the sequence numbers, ends
the run and records the gap (architecture.md, "Readers never slow a publisher").

Not here: anything that touches a disk.
"""

from collections import deque
from dataclasses import dataclass

from gateway.stream import StreamEnd, StreamInfo, StreamInit
from media import Fragment, Gap, TrackKind

Item = Fragment | Gap | StreamInit | StreamEnd

# With a turn of the archive: what a killed process may lose of the first second of sound stays below the second.
PICTURES_WITHIN_NS = 300_000_000


@dataclass(frozen=True, slots=True)
class IntakeLimits:
    """When the disk is slower than the devices for so long, footage is given up rather than memory."""

    stream_bytes: int = 64 << 20  # a 30 s stall that bursts at 8 Mbit/s is half of it
    stream_items: int = 20_000  # 4 min of 25 pictures and 50 frames of sound a second
    all_bytes: int = 256 << 20  # 200 streams of 1.5 Mbit/s for 7 s: longer than F26's 5 s sync
    age_ns: int = (
        30_000_000_000  # what came first has waited for so long; a process stopped for 10 s (F07) is no reason
    )


class Pressure:
    """What all intakes of an archive hold together.

    Each number has one writer: the loop counts in, the scribe counts out.
    """

    def __init__(self) -> None:
        self.taken_bytes = 0
        self.fetched_bytes = 0

    @property
    def held_bytes(self) -> int:
        return self.taken_bytes - self.fetched_bytes


class Intake:
    """A `gateway.stream.StreamReader`. `fetch` is for the scribe's thread, the rest for the loop's."""

    def __init__(self, stream: StreamInfo, limits: IntakeLimits, pressure: Pressure) -> None:
        self.stream = stream
        self.dropped = 0  # fragments and gaps not taken
        self._limits = limits
        self._pressure = pressure
        self._items: deque[Item] = deque()
        self._taken_bytes = 0
        self._fetched_bytes = 0
        self._oldest_mono_ns = 0  # of the fragments, if there are any
        self._init: StreamInit | None = None
        self._init_due = False
        self._dropping = False

    def stream_started(self, stream: StreamInfo) -> None:
        """It was made for this stream and knows it."""

    def init_changed(self, init: StreamInit) -> None:
        self._init = init
        self._init_due = True

    def fragment(self, fragment: Fragment) -> None:
        # 5,000 times a second at 200 streams: plain comparisons, no calls but the append.
        if self._dropping and not self._may_resume(fragment):
            self.dropped += 1
            return
        size, limits, pressure = len(fragment.data), self._limits, self._pressure
        if self._taken_bytes == self._fetched_bytes:  # not "no items": a gap has no age, and stands before its fragment
            self._oldest_mono_ns = fragment.received_mono_ns
        if (
            self._taken_bytes + size - self._fetched_bytes > limits.stream_bytes
            or len(self._items) >= limits.stream_items
            or pressure.taken_bytes + size - pressure.fetched_bytes > limits.all_bytes
            or fragment.received_mono_ns - self._oldest_mono_ns > limits.age_ns
        ):
            self._dropping = True
            self.dropped += 1
            return
        if self._init_due and self._init is not None:  # only the newest that footage follows is worth keeping
            self._init_due = False
            self._items.append(self._init)
        self._taken_bytes += size
        pressure.taken_bytes += size
        self._items.append(fragment)

    def gap(self, gap: Gap) -> None:
        if self._dropping or len(self._items) >= self._limits.stream_items:
            self._dropping = True
            self.dropped += 1
        else:
            self._items.append(gap)

    def stream_ended(self, end: StreamEnd) -> None:
        self._items.append(end)

    @property
    def oldest_mono_ns(self) -> int | None:
        """When the oldest fragment that was not fetched yet was received; None when there is none."""
        return self._oldest_mono_ns if self._taken_bytes != self._fetched_bytes else None

    def awaits_pictures(self, now_mono_ns: int) -> bool:
        """Whether only sound has come yet, a moment ago, of a stream that has pictures too."""
        oldest, init = self.oldest_mono_ns, self._init
        if not self.stream.pictures or oldest is None or now_mono_ns - oldest >= PICTURES_WITHIN_NS:
            return False
        return init is not None and all(track.kind is not TrackKind.VIDEO for track in init.tracks)

    def fetch(self) -> list[Item]:
        """Everything there is now, in order."""
        items = self._items
        fetched: list[Item] = []
        size = 0
        while items:  # appended to meanwhile: a deque is safe for one who appends and one who pops
            item = items.popleft()
            fetched.append(item)
            if isinstance(item, Fragment):
                size += len(item.data)
        self._fetched_bytes += size
        self._pressure.fetched_bytes += size
        return fetched

    def _may_resume(self, fragment: Fragment) -> bool:
        if (
            self._items
            or self._pressure.held_bytes > self._limits.all_bytes // 2
            or not can_start_at(fragment, self._init)
        ):
            return False
        self._dropping = False
        return True


def can_start_at(fragment: Fragment, init: StreamInit | None) -> bool:
    """Whether a decoder that knows only this fragment and what follows shows a picture at once."""
    if init is None or not fragment.key:
        return False
    pictures = [track.id for track in init.tracks if track.kind is TrackKind.VIDEO]
    return not pictures or fragment.track_id in pictures
