"""Whether a viewer who is slow may be given one more: bounded by bytes and by age, the same at every door.

Past a bound nothing more is given until all was taken and a key picture comes. One who takes
nothing at all any more is given up.

Not here: how a viewer is written to and told what it missed (gateway.rtsp.way, viewer.live.session).
"""

BACKLOG_BYTES_MAX = 2 << 20  # 10 s of 1.5 Mbit/s; with the kernel's own buffer a viewer holds less than 4 MiB (F58)
BACKLOG_AGE_MAX_NS = 3_000_000_000  # older pictures are not live any more
STOPPED_AFTER_NS = 10_000_000_000  # nothing taken for so long once behind: the viewer is gone (F58 allows 15 s in all)


class Backlog:
    """Of one viewer. `lagging` while it is left out, `stopped` when it has taken nothing for too long.

    Below `bytes_min` a buffer that never runs dry is a long link, not a slow one.

    `clear` while nothing waits and nothing is left out: then whatever comes may be written, and `admits` need
    not be asked. That is nearly always, and every viewer comes here with every picture.
    """

    __slots__ = ("_bytes_min", "_least_bytes", "_since_ns", "_taken_ns", "clear", "lagging", "stopped")

    def __init__(self, bytes_min: int) -> None:
        self.lagging = True  # begins with a key picture as well
        self.clear = False
        self.stopped = False
        self._bytes_min = bytes_min
        self._since_ns = 0
        self._least_bytes = 0
        self._taken_ns = 0

    def begin(self) -> None:
        """The viewer is given a key picture and what follows it now: nothing needs to be left out."""
        self.lagging = False
        self.clear = not self._since_ns

    def admits(self, waiting_bytes: int, mono_ns: int, *, key: bool) -> bool:
        """Whether what comes now may be written behind the bytes that wait already."""
        self.look(waiting_bytes, mono_ns)
        if self.lagging and not waiting_bytes and key:
            self.lagging = False
            self.clear = True
        return not self.lagging

    def look(self, waiting_bytes: int, mono_ns: int) -> None:
        """See how the viewer does. To be called now and then also when there is nothing to send."""
        if not waiting_bytes:
            self._since_ns = 0
            self.clear = not self.lagging
            return
        self.clear = False
        if not self._since_ns:
            self._since_ns = self._taken_ns = mono_ns
            self._least_bytes = waiting_bytes
        if waiting_bytes < self._least_bytes or not self.lagging:
            self._least_bytes = waiting_bytes
            self._taken_ns = mono_ns
        elif mono_ns - self._taken_ns > STOPPED_AFTER_NS:
            self.stopped = True
        too_old = waiting_bytes > self._bytes_min and mono_ns - self._since_ns > BACKLOG_AGE_MAX_NS
        self.lagging = self.lagging or too_old or waiting_bytes > BACKLOG_BYTES_MAX
