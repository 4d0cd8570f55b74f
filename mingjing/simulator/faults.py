"""What can be wrong with a device and its link, to be asked for by name.

Each fault says what a correct server does with it. All of them are seeded: a fleet misbehaves the
same way twice.
"""

import math
from dataclasses import dataclass
from enum import StrEnum

SECOND_NS = 1_000_000_000


class Trespass(StrEnum):
    """Whose path a device publishes to."""

    NONE = "none"
    NEXT = "next"  # that of the next device, with its own key: the server refuses and the other stream is untouched


@dataclass(frozen=True, slots=True)
class Faults:
    """Faults of each device of the share `share`, chosen by the seed; none by default.

    Raises:
        ValueError: a probability that is none, or an interval shorter than what it holds.
    """

    loss: float = 0.0  # probability that a datagram is lost (UDP); units are damaged, and the server says so
    stall_every_s: float = 0.0  # the link stands still so often …
    stall_s: float = 0.0  # … for so long, then bursts; the server loses nothing. `inf`: it never comes back
    drift_ppm: float = 0.0  # the device's clock runs fast by so much: its RTP time, pace and sender reports
    clock_offset_s: float = 0.0  # its wall clock is wrong by so much: sender reports only
    change_every_s: float = 0.0  # new parameter sets with another picture size: the server begins a new segment
    flap_every_s: float = 0.0  # the connection is cut so often, and made anew at once
    trespass: Trespass = Trespass.NONE
    share: float = 1.0

    def __post_init__(self) -> None:
        if not (0 <= self.loss <= 1 and 0 <= self.share <= 1):
            raise ValueError("loss and share are between 0 and 1")
        if self.stall_s < 0 or bool(self.stall_s) != bool(self.stall_every_s):
            raise ValueError("a stall has a length and an interval")
        if 0 < self.stall_every_s <= self.stall_s < math.inf:
            raise ValueError("the stalls would touch: the interval must be longer than the stall")
        if abs(self.drift_ppm) > 100_000:
            raise ValueError("a clock that is wrong by more than a tenth is no clock")


class Stalls:
    """When a link stands still. Devices stall at different moments, spread by `phase` (0 to 1)."""

    def __init__(self, faults: Faults, start_mono_ns: int, phase: float) -> None:
        self._every_ns = round(faults.stall_every_s * SECOND_NS) if faults.stall_s else 0
        self._length_s = faults.stall_s
        self._next_ns = start_mono_ns + round(self._every_ns * (0.5 + phase / 2)) if self._every_ns else 0
        self._until_ns: float = 0

    def until(self, now_mono_ns: int) -> float:
        """The end of the stall that holds now, infinity for one without; 0 when the link runs."""
        if not self._every_ns:
            return 0
        if now_mono_ns >= self._next_ns:
            self._until_ns = now_mono_ns + self._length_s * SECOND_NS
            while self._next_ns <= now_mono_ns:
                self._next_ns += self._every_ns
        return self._until_ns if now_mono_ns < self._until_ns else 0


class DeviceClock:
    """A device's own clock: it starts with the connection, runs fast or slow, and tells a wrong time of day."""

    def __init__(self, faults: Faults, start_mono_ns: int, start_utc_ns: int) -> None:
        self._rate = 1 + faults.drift_ppm / 1e6
        self._start_mono_ns = start_mono_ns
        self._start_utc_ns = start_utc_ns + round(faults.clock_offset_s * SECOND_NS)

    def mono_at(self, media_ns: int) -> int:
        """Our monotonic time when the device has played so much."""
        return self._start_mono_ns + round(media_ns / self._rate)

    def media_at(self, mono_ns: int) -> int:
        """What the device has played at our monotonic time."""
        return round((mono_ns - self._start_mono_ns) * self._rate)

    def utc_at(self, mono_ns: int) -> int:
        """What the device believes the time of day to be."""
        return self._start_utc_ns + self.media_at(mono_ns)
