"""What is fuzzed: one module for each parser of bytes from outside, all with the same four names.

KIND            the class of vectors that belongs to it, and where its findings go (tests/vectors/KIND)
TOKENS          words of its format, for the mutator
seeds()         sound and hostile inputs to begin with, the vectors among them
seed(vector)    one vector as an input
check(data)     plays the input, and looks at the invariants after every step: whatever it raises is a finding
"""

import importlib
from collections.abc import Callable, Iterator, Sequence
from typing import Protocol, cast

from tests.vectors.loader import Vector

# The more strangers reach it, the earlier its turn.
BY_EXPOSURE = (
    *("rtsp", "interleaved", "stun", "srtp", "rtp", "stream", "sdp", "offer", "h264", "rtcp", "h265"),
    *("repaired", "feedback"),
    *("reader", "fmp4", "journal", "bundle"),
)


class Target(Protocol):
    KIND: str
    TOKENS: Sequence[bytes]
    seeds: Callable[[], Iterator[bytes]]
    seed: Callable[[Vector], bytes]
    check: Callable[[bytes], None]


def load(name: str) -> Target:
    return cast(Target, importlib.import_module(f"tests.fuzz.targets.{name}"))
