"""When something is shown in a film: placed time where a stream begins, and from there on by the stream's own count.

Sound and pictures of a stream share one count (RTP time, continuous), so counting keeps them together in every player.
Placed time departs from it as slowly as a device's clock runs wrong: where it gets ahead by `STEP_NS`, the film follows
in one step, which silence fills; where it falls behind, the film is ahead until the next gap, and loses that there. By
how much at most, it says.

A stream that follows another begins by the receive time of its first unit, which may be some tenths of a second before
the end of the one before, when that one's first unit came late. Then what follows is shown at twice the speed until the
film's clock is true again: nothing is left out, pictures keep their order, sound stays with them.

Not here: ticks of a track's clock.
"""

STANDS_MAX_NS = 40_000_000  # a picture before another stream: its own duration is a hint, and may be a hole's
GAP_NS = 1_000_000_000  # as gateway.stream counts one; pictures that others are shown before jump ahead by less
STEP_NS = 20_000_000  # as long as a frame of sound: less would be none


class FilmClock:
    """One of a film. `begin` where a stream begins, then `at` for each fragment in the order of its numbers."""

    def __init__(self) -> None:
        self.squeezed: list[tuple[int, int]] = []  # from and to, of what is shown at twice its speed
        self.off_max_ns = 0  # the most by which the film departs from placed time elsewhere
        self._stream = ""
        self._offset_ns: int | None = None  # placed time of the stream's zero, as the film has it
        self._first_ns = self._true_from_ns = self._base_ns = 0
        self._end_ns: int | None = None

    def begin(self, stream: str) -> None:
        if stream != self._stream:
            self._stream, self._offset_ns = stream, None

    def at(self, placed_ns: int, position_ns: int, duration_ns: int) -> int:
        """When it is shown, in the nanoseconds of placed time. `position_ns` is its time in the stream's count."""
        if self._offset_ns is None:
            self._begin_stream(placed_ns)
            self._offset_ns = placed_ns - position_ns
        counted_ns = position_ns + self._offset_ns
        moved_ns = self._correction_ns(placed_ns, counted_ns)
        self._offset_ns += moved_ns
        counted_ns += moved_ns
        shown_ns = counted_ns
        if counted_ns < self._true_from_ns:
            shown_ns = self._base_ns + (counted_ns - self._first_ns) // 2
        else:
            self.off_max_ns = max(self.off_max_ns, abs(placed_ns - shown_ns))
        end_ns = shown_ns + min(duration_ns, STANDS_MAX_NS)
        self._end_ns = end_ns if self._end_ns is None else max(self._end_ns, end_ns)
        return shown_ns

    def _begin_stream(self, placed_ns: int) -> None:
        self._true_from_ns = 0
        if self._end_ns is not None and placed_ns < self._end_ns:
            self._first_ns, self._base_ns = placed_ns, self._end_ns
            self._true_from_ns = 2 * self._end_ns - placed_ns
            self.squeezed.append((placed_ns, self._true_from_ns))

    def _correction_ns(self, placed_ns: int, counted_ns: int) -> int:
        late_ns = placed_ns - counted_ns
        if late_ns >= STEP_NS:
            return late_ns
        if late_ns < 0 and self._end_ns is not None and counted_ns - self._end_ns > GAP_NS:
            return max(late_ns, self._end_ns - counted_ns)
        return 0
