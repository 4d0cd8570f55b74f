"""One file of a bundle, before it is written."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Part:
    """`chunks` reads and is for a thread; it can be called again, and gives `size_bytes`."""

    name: str
    role: str
    size_bytes: int
    chunks: Callable[[], Iterator[bytes]]

    @classmethod
    def of(cls, name: str, role: str, data: bytes) -> "Part":
        """Of bytes that are in memory."""
        return cls(name, role, len(data), lambda: iter((data,)))
