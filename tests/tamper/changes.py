"""What somebody, or a bad disk, does to bytes: one seeded change, which always is one."""

import random
from collections.abc import Callable
from dataclasses import dataclass

RUN_MAX = 64  # bytes inserted, deleted or swapped


@dataclass(frozen=True)
class Change:
    """`kind` at byte `at`; `data` is all of it, changed."""

    kind: str
    at: int
    data: bytes


def flipped(chance: random.Random, data: bytes, at: int) -> bytes:
    return data[:at] + bytes((data[at] ^ 1 << chance.randrange(8),)) + data[at + 1 :]


def inserted(chance: random.Random, data: bytes, at: int) -> bytes:
    return data[:at] + chance.randbytes(chance.randint(1, RUN_MAX)) + data[at:]


def deleted(chance: random.Random, data: bytes, at: int) -> bytes:
    return data[:at] + data[at + chance.randint(1, RUN_MAX) :]


def truncated(chance: random.Random, data: bytes, at: int) -> bytes:
    return data[:at]


def swapped(chance: random.Random, data: bytes, at: int) -> bytes:
    """Two neighbouring runs change places."""
    length = chance.randint(1, RUN_MAX)
    one, other = data[at : at + length], data[at + length : at + 2 * length]
    return data[:at] + other + one + data[at + 2 * length :]


KINDS: dict[str, Callable[[random.Random, bytes, int], bytes]] = {
    "flip": flipped,
    "insert": inserted,
    "delete": deleted,
    "truncate": truncated,
    "swap": swapped,
}


def change(chance: random.Random, data: bytes, start: int, end: int) -> Change:
    """One that begins within [start, end). What changes nothing (equal runs swapped) is drawn again."""
    while True:
        kind, at = chance.choice(list(KINDS)), chance.randrange(start, end)
        changed = KINDS[kind](chance, data, at)
        if changed != data:
            return Change(kind, at, changed)
