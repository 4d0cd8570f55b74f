"""Samples that were made on the way to a film, in a file without a name until the film is told.

Not here: who made them.
"""

from array import array
from collections.abc import Iterator, Sequence
from typing import IO

from media.mp4 import Film, FilmTrack


class Spool:
    """Of one track, in order of time. Times and durations are in its clock, from the film's zero."""

    def __init__(self, file: IO[bytes], timescale: int) -> None:
        self.timescale = timescale
        self._file = file
        self._times = array("q")
        self._durations = array("I")
        self._sizes = array("I")
        self._keys = bytearray()

    def __len__(self) -> int:
        return len(self._times)

    def put(self, time: int, duration: int, key: bool, data: bytes) -> None:
        self._times.append(time)
        self._durations.append(duration)
        self._sizes.append(len(data))
        self._keys.append(key)
        self._file.write(data)

    def time(self, at: int) -> int:
        return self._times[at]

    def add_to(self, film: Film, track: FilmTrack, at: int) -> None:
        """Put sample number `at` into the tables."""
        film.add(track, self._sizes[at], self._times[at], 0, self._durations[at], bool(self._keys[at]))

    def samples(self) -> Iterator[bytes]:
        """All of them, in order. One at a time may read."""
        self._file.seek(0)
        for size in self._sizes:
            yield self._file.read(size)


def in_order(spools: Sequence[Spool]) -> Iterator[tuple[int, int]]:
    """Which spool's which sample comes next, by time: the order of a film of them."""
    places = [0] * len(spools)
    while True:
        waiting = [n for n, spool in enumerate(spools) if places[n] < len(spool)]
        if not waiting:
            return
        first = min(waiting, key=lambda n: spools[n].time(places[n]) / spools[n].timescale)
        yield first, places[first]
        places[first] += 1
