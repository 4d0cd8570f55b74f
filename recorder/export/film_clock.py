"""When something is shown in a film: placed time, made to go forward over all streams of a passage.

Placed time never goes back within a stream. A stream that follows another begins by the receive time of its first unit,
which may be some tenths of a second before the end of the one before, when that one's first unit came late. Then what
follows is shown at twice the speed until the film's clock is true again: nothing is left out, pictures keep their
order, sound stays with them.

Not here: ticks of a track's clock.
"""

STANDS_MAX_NS = 40_000_000  # a picture before another stream: its own duration is a hint, and may be a hole's


class FilmClock:
    """One of a film. `begin` where a stream begins, then `at` for each fragment in the order of its numbers."""

    def __init__(self) -> None:
        self.squeezed: list[tuple[int, int]] = []  # placed from and to, of what is shown at twice its speed
        self._stream = ""
        self._first_ns: int | None = None  # of the stream, once something of it is placed
        self._true_from_ns = 0
        self._base_ns = 0
        self._end_ns: int | None = None

    def begin(self, stream: str) -> None:
        if stream != self._stream:
            self._stream, self._first_ns = stream, None

    def at(self, placed_ns: int, duration_ns: int) -> int:
        """When it is shown, in the nanoseconds of placed time."""
        if self._first_ns is None:
            self._first_ns, self._true_from_ns = placed_ns, 0
            if self._end_ns is not None and placed_ns < self._end_ns:
                self._base_ns = self._end_ns
                self._true_from_ns = 2 * self._end_ns - placed_ns
                self.squeezed.append((placed_ns, self._true_from_ns))
        shown_ns = placed_ns
        if placed_ns < self._true_from_ns:
            shown_ns = self._base_ns + (placed_ns - self._first_ns) // 2
        end_ns = shown_ns + min(duration_ns, STANDS_MAX_NS)
        self._end_ns = end_ns if self._end_ns is None else max(self._end_ns, end_ns)
        return shown_ns
