"""Where decoded sound stands in time, counted in samples from the beginning of a run.

A run is sound without a hole: its samples follow one another, and only they say where each of them stands. The times of
the units are compared with that count, no more: they jitter, are rounded, and drift from the samples where a
device stamps by another clock than it samples by. What is apart by more than anybody hears is mended: by
silence where sound is missing, by leaving some out where there is too much. A hole that is long ends the run.

Whole numbers throughout, and of totals: nothing adds up over hours.
"""

from typing import NamedTuple

APART_MAX_MS = 25  # lips and sound may be apart by 40 (and 45 is what broadcasters allow: ITU-R BT.1359)
BRIDGED_MAX_MS = 200  # a few lost packets; as long as this, a receiver conceals or keeps silent all the same
BACK_MAX_MS = 1_000  # a device's clock is not set back by alignment farther than this at once; it is another count


class Mending(NamedTuple):
    """What has to be done before the samples of a unit, in samples of the output rate."""

    silence: int = 0
    leave_out: int = 0
    ends: bool = False  # the run: the unit begins a new one


NOTHING = Mending()


class RunClock:
    """Of one run. `sample_rate` is that of what is decoded, `made_rate` that of what is encoded."""

    def __init__(self, first_pts: int, clock_rate: int, sample_rate: int, made_rate: int) -> None:
        self.first_pts = first_pts
        self.sample_rate = sample_rate
        self._clock_rate = clock_rate
        self._made_rate = made_rate
        self._samples = 0  # decoded, and mended
        self._mended = 0  # of these; negative where more was left out than filled in
        self._apart_max = APART_MAX_MS * sample_rate // 1_000
        self._bridged_max = BRIDGED_MAX_MS * sample_rate // 1_000
        self._back_max = BACK_MAX_MS * sample_rate // 1_000

    def apart(self, pts: int) -> int:
        """Samples by which a unit of this time stands later than the samples so far end."""
        return (pts - self.first_pts) * self.sample_rate // self._clock_rate - self._samples

    def look(self, pts: int) -> Mending:
        """What the time of the next unit asks for; taken as done."""
        apart = self.apart(pts)
        if -self._apart_max <= apart <= self._apart_max:
            return NOTHING
        if not -self._back_max <= apart <= self._bridged_max:
            return Mending(ends=True)
        before = self._mended * self._made_rate // self.sample_rate
        self._mended += apart
        self._samples += apart
        difference = self._mended * self._made_rate // self.sample_rate - before
        return Mending(silence=difference) if difference > 0 else Mending(leave_out=-difference)

    def passed(self, samples: int) -> None:
        """So many were decoded."""
        self._samples += samples
