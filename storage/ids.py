"""ULIDs: 128-bit ids that sort by time, 26 letters of Crockford's base 32."""

import os
import threading

from storage.clock import Clock

_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_RANDOM_BITS = 80


class UlidFactory:
    """Makes ids that never repeat and never go backwards within a process.

    Within one millisecond, or while the wall clock runs backwards, the random part counts up
    from the last id instead of being drawn anew (the ULID specification's monotonic rule).
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._last = 0
        self._lock = threading.Lock()

    def __call__(self) -> str:
        fresh = (self._clock.utc_ns() // 1_000_000) << _RANDOM_BITS | int.from_bytes(os.urandom(10), "big")
        with self._lock:
            self._last = value = fresh if fresh >> _RANDOM_BITS > self._last >> _RANDOM_BITS else self._last + 1
        return _letters(value)


def first_ulid(utc_ns: int) -> str:
    """The smallest id that can be made at this time: what is made before sorts before it."""
    return _letters((utc_ns // 1_000_000) << _RANDOM_BITS)


def _letters(value: int) -> str:
    return "".join(_ALPHABET[value >> shift & 31] for shift in range(125, -1, -5))
