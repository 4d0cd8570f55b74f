"""Whose sound workers have crashed on, and how often (F09).

One strike makes a suspect: its sound is opened apart from everybody else's. Three, and no worker gets it any
more. Both are forgiven after a while without one: bytes that nobody sends any more are no reason to stay silent.
"""

from collections import OrderedDict

POISONED_AT = 3  # one crash may be the machine's, two may be bad luck
FORGIVEN_AFTER_NS = 600 * 1_000_000_000  # who crashes workers for ever costs three of them each ten minutes
REMEMBERED_MAX = 1_000  # channels; 200 devices have 400


class Strikes:
    """By channel; the key is whatever names it."""

    def __init__(self) -> None:
        self._strikes: OrderedDict[str, tuple[int, int]] = OrderedDict()  # how many, when the last one

    def add(self, key: str, now_ns: int) -> None:
        count = self.count(key, now_ns)
        self._strikes[key] = count + 1, now_ns
        self._strikes.move_to_end(key)
        if len(self._strikes) > REMEMBERED_MAX:
            self._strikes.popitem(last=False)

    def count(self, key: str, now_ns: int) -> int:
        count, last_ns = self._strikes.get(key, (0, now_ns))
        if now_ns - last_ns > FORGIVEN_AFTER_NS:
            del self._strikes[key]
            return 0
        return count

    def suspect(self, key: str, now_ns: int) -> bool:
        return self.count(key, now_ns) > 0

    def poisoned(self, key: str, now_ns: int) -> bool:
        return self.count(key, now_ns) >= POISONED_AT

    def all_poisoned(self, now_ns: int) -> list[str]:
        return sorted(key for key in list(self._strikes) if self.poisoned(key, now_ns))
