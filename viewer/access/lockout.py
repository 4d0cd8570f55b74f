"""Five failures in fifteen minutes lock, and lock nobody else out.

The lock is for a pair of account and peer: an attacker who guesses somebody's password locks
himself out, not the person who sits elsewhere. A second, higher limit holds for a peer over all
accounts, against guessing one password for many names. Pure: time is handed in.
"""

from collections import OrderedDict, deque

FAILURES_MAX = 5  # acceptance.md, Security
WINDOW_S = 15 * 60
PEER_FAILURES_MAX = (
    50  # one office behind one address has some people who mistype; not fifty failures in fifteen minutes
)
REMEMBERED_MAX = 10_000  # pairs; beyond it the one that failed longest ago is forgotten

_SECOND_NS = 1_000_000_000


class Lockout:
    """Remembers failures by account and peer. An unknown account is counted like a known one."""

    def __init__(self) -> None:
        self._failures: OrderedDict[tuple[str, str], deque[int]] = OrderedDict()

    def locked_for_s(self, account: str, peer: str, mono_ns: int) -> int:
        """Whole seconds until the next attempt is taken; 0 when it is taken now."""
        waits = (
            self._wait_ns((account, peer), FAILURES_MAX, mono_ns),
            self._wait_ns(("", peer), PEER_FAILURES_MAX, mono_ns),
        )
        return -(-max(waits) // _SECOND_NS)

    def failed(self, account: str, peer: str, mono_ns: int) -> None:
        self._remember((account, peer), FAILURES_MAX, mono_ns)
        self._remember(("", peer), PEER_FAILURES_MAX, mono_ns)

    def succeeded(self, account: str, peer: str) -> None:
        self._failures.pop((account, peer), None)

    def _wait_ns(self, pair: tuple[str, str], limit: int, mono_ns: int) -> int:
        failures = self._failures.get(pair)
        if failures is None or len(failures) < limit:
            return 0
        return max(0, failures[0] + WINDOW_S * _SECOND_NS - mono_ns)

    def _remember(self, pair: tuple[str, str], limit: int, mono_ns: int) -> None:
        failures = self._failures.setdefault(pair, deque(maxlen=limit))
        failures.append(mono_ns)
        self._failures.move_to_end(pair)
        if len(self._failures) > REMEMBERED_MAX:
            self._failures.popitem(last=False)
