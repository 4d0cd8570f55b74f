"""How long to wait before a camera is called again: longer each time, and never in step with the others.

Full jitter: anything between nothing and the limit of the moment, so that 200 cameras behind a switch
that was restarted are not called in the same second, again and again.
"""

from collections.abc import Callable
from dataclasses import dataclass

Uniform = Callable[[float, float], float]  # a random number between two


@dataclass(frozen=True, slots=True)
class Patience:
    """The limits, in seconds."""

    first_s: float = 1.0  # a camera that was restarted is back within a minute; a dropped connection at once
    cap_s: float = 30.0  # nobody waits longer for a camera that is back
    locked_out_s: float = 60.0  # after a wrong password at least: some lock the account after five in half an hour
    locked_out_cap_s: float = 600.0
    good_after_s: float = 10.0  # a stream that lasted so long was no failure
    start_within_s: float = 3.0  # all cameras of a server that starts


class Backoff:
    """The waits before one camera is called again."""

    def __init__(self, patience: Patience, uniform: Uniform) -> None:
        self._patience = patience
        self._uniform = uniform
        self._failures = 0

    def next(self, lasted_s: float = 0.0, *, wrong_password: bool = False) -> float:
        """Seconds until the next call, after a stream of so many seconds (0: there was none)."""
        patience = self._patience
        if lasted_s >= patience.good_after_s:
            self._failures = 0
        low, cap = (patience.locked_out_s, patience.locked_out_cap_s) if wrong_password else (0.0, patience.cap_s)
        limit = min(cap, max(2 * low, patience.first_s) * 2 ** min(self._failures, 30))
        self._failures += 1
        return self._uniform(low, limit)
