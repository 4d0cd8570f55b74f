"""Whether a viewer who is slow may be given one more: bounded by bytes and by age.

Past a bound nothing more is given until all was taken and a key picture comes. One who takes
nothing at all any more is given up.
"""

BYTES_MAX = 2 << 20  # 10 s of 1.5 Mbit/s; with the kernel's own buffer a viewer holds less than 4 MiB
BYTES_MIN = 128 << 10  # below this a buffer that never runs dry is a long link, not a slow one
AGE_MAX_NS = 3_000_000_000  # older pictures are not live any more
STOPPED_AFTER_NS = 10_000_000_000  # nothing taken for so long once behind: the viewer is gone (F58 allows 15 s in all)


class Backlog:
    """Of one viewer. `lagging` while it is left out, `stopped` when it has taken nothing for too long."""

    __slots__ = ("_least_bytes", "_since_ns", "_taken_ns", "lagging", "stopped")

    def __init__(self) -> None:
        self.lagging = True  # begins with a key picture as well
        self.stopped = False
        self._since_ns = 0
        self._least_bytes = 0
        self._taken_ns = 0

    def begin(self) -> None:
        """The viewer has just been given a key picture and what follows it."""
        self.lagging = False

    def admits(self, waiting_bytes: int, mono_ns: int, *, key: bool) -> bool:
        """Whether what comes now may be written behind the bytes that wait already."""
        self.look(waiting_bytes, mono_ns)
        if self.lagging and not waiting_bytes and key:
            self.lagging = False
        return not self.lagging

    def look(self, waiting_bytes: int, mono_ns: int) -> None:
        """See how the viewer does. To be called now and then also when there is nothing to send."""
        if not waiting_bytes:
            self._since_ns = 0
            return
        if not self._since_ns:
            self._since_ns = self._taken_ns = mono_ns
            self._least_bytes = waiting_bytes
        if waiting_bytes < self._least_bytes or not self.lagging:
            self._least_bytes = waiting_bytes
            self._taken_ns = mono_ns
        elif mono_ns - self._taken_ns > STOPPED_AFTER_NS:
            self.stopped = True
        too_old = waiting_bytes > BYTES_MIN and mono_ns - self._since_ns > AGE_MAX_NS
        self.lagging = self.lagging or too_old or waiting_bytes > BYTES_MAX
