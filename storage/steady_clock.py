"""A wall clock that does not turn back: what footage is placed by, and ids are made from.

UTC is kept as an offset to monotonic time. When the wall clock is set
- ahead, the offset follows at once: that is how a clock comes right after a boot without one;
- back by a day at most, it stays, and slews towards the wall clock: footage that was placed already would
  be placed a second time (I12). A clock that was wrong for a moment costs nothing so;
- back by more than a day, it follows: whoever ran in the wrong year must not stay there.

A wall clock from before this program was written is no clock, and never followed back.

Not here: when something was received, which is evidence and says what the wall clock said.
"""

import threading
from collections.abc import Callable

from storage.clock import Clock

HELD_MAX_NS = 86_400_000_000_000  # beyond: a wrong date, not a wrong hour or time zone
SLEW_PPM = 1_000  # as placed time itself is slewed (architecture.md): a gap of 200 s is wrong by 0.2 s
TOLD_NS = 1_000_000_000  # a step that a person is told of; less is what any clock daemon does
BORN_UTC_NS = 1_767_225_600_000_000_000  # 2026-01-01: earlier than that it cannot be

Stepped = Callable[[int], None]  # by how much the wall clock was set, ns


class SteadyClock:
    """A `Clock`; for any thread. `stepped` is called in the one that notices."""

    def __init__(self, clock: Clock, stepped: Stepped | None = None) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._looked_mono_ns = clock.mono_ns()
        self._wall_offset_ns = self._offset_ns = clock.utc_ns() - self._looked_mono_ns
        self._stepped = stepped

    @property
    def ahead_ns(self) -> int:
        """How far it is ahead of the wall clock: above 0 while it waits for one that was set back."""
        return self.utc_ns() - self._clock.utc_ns()

    def on_step(self, stepped: Stepped) -> None:
        self._stepped = stepped

    def not_before(self, utc_ns: int) -> None:
        """Begin no earlier than this, which is where footage ended: the clock may have been set back meanwhile."""
        with self._lock:
            behind_ns = utc_ns - (self._clock.mono_ns() + self._offset_ns)
            if behind_ns > 0 and not self._is_believed_back(behind_ns, self._clock.utc_ns()):
                self._offset_ns += behind_ns

    def utc_ns(self) -> int:
        with self._lock:
            mono_ns, wall_ns = self._clock.mono_ns(), self._clock.utc_ns()
            wall_offset_ns = wall_ns - mono_ns
            set_by_ns, self._wall_offset_ns = wall_offset_ns - self._wall_offset_ns, wall_offset_ns
            behind_ns = self._offset_ns - wall_offset_ns
            if behind_ns < 0 or self._is_believed_back(behind_ns, wall_ns):
                self._offset_ns = wall_offset_ns
            else:
                slew_ns = (mono_ns - self._looked_mono_ns) * SLEW_PPM // 1_000_000
                self._offset_ns -= min(behind_ns, slew_ns)
            self._looked_mono_ns = mono_ns
            utc_ns = mono_ns + self._offset_ns
        if abs(set_by_ns) >= TOLD_NS and self._stepped is not None:
            self._stepped(set_by_ns)
        return utc_ns

    def mono_ns(self) -> int:
        return self._clock.mono_ns()

    def _is_believed_back(self, behind_ns: int, wall_ns: int) -> bool:
        """Whether a wall clock so far behind is the right one."""
        return behind_ns > HELD_MAX_NS and wall_ns >= BORN_UTC_NS
