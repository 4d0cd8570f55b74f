"""A small mutator: seeded, so that a finding comes again; for the suite, where no coverage guides it.

What a fuzzer with coverage does besides (`make fuzz`) is to keep what reached new code.
"""

import random
from collections.abc import Sequence

INPUT_MAX_BYTES = 4_096  # the suite's time goes into many inputs, not into long ones
_EDGES = (b"\x00", b"\x7f", b"\x80", b"\xff", b"\x00\x00", b"\xff\xff", b"\x00\x00\x00\x00", b"\xff\xff\xff\xff")


def mutated(chance: random.Random, seeds: Sequence[bytes], tokens: Sequence[bytes]) -> bytes:
    """One seed, changed in one to six places."""
    data = bytearray(chance.choice(seeds)[:INPUT_MAX_BYTES])
    for _ in range(chance.choice((1, 1, 2, 3, 6))):
        _change(chance, data, seeds, tokens)
    return bytes(data)


def _change(chance: random.Random, data: bytearray, seeds: Sequence[bytes], tokens: Sequence[bytes]) -> None:
    at = chance.randrange(len(data) + 1)
    length = chance.choice((1, 1, 2, 4, 16, 64))
    match chance.randrange(8):
        case 0:
            data[at : at + 1] = bytes((chance.randrange(256),))
        case 1 if data:
            data[at % len(data)] ^= 1 << chance.randrange(8)
        case 2:
            del data[at : at + length]
        case 3:
            data[at:at] = data[at : at + length]
        case 4:
            token = chance.choice(tokens)
            data[at : at + chance.choice((0, len(token)))] = token
        case 5:
            edge = chance.choice(_EDGES)
            data[at : at + len(edge)] = edge
        case 6:
            other = chance.choice(seeds)[:INPUT_MAX_BYTES]
            start = chance.randrange(len(other) + 1)
            data[at:] = other[start:]
        case _:
            del data[at:]
