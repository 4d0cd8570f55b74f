"""What a bad link does to what passes over it, in one direction. Values only; by default a link does nothing.

Over UDP a datagram is lost, comes twice, is overtaken or late. Over TCP the kernels at both ends
repair that, and what an application sees of it is time: a lost segment holds up all that is behind
it until it was sent anew. Duplicates and reordering are invisible there, and are not played.
"""

import math
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Impairments:
    """One direction of a link.

    Raises:
        ValueError: a share that is none, a time or size below zero, or stalls that touch.
    """

    seed: int = 0  # the same seed: the same fate of the same packets
    loss: float = 0.0  # share of datagrams that never come; over TCP of segments that come late
    duplicate: float = 0.0  # share of datagrams that come twice
    reorder: float = 0.0  # share of datagrams that wait for `reorder_s`, so that later ones overtake them
    reorder_s: float = 0.03  # the time of about a picture
    delay_s: float = 0.0
    jitter_s: float = 0.0  # up to so much more delay. Datagrams overtake one another by it, a TCP stream does not
    stall_every_s: float = 0.0  # the link stands still so often, from its beginning on …
    stall_s: float = 0.0  # … for so long, then all that waited comes in a burst
    datagram_max_bytes: float = math.inf  # longer ones never come, and nobody is told: a path without ICMP
    bytes_per_s: float = math.inf
    buffer_bytes: int = 64 << 10  # what waits for its turn: a full one pushes back over TCP, and drops over UDP
    cut_at: int | None = None  # TCP: after so many bytes the connection ends in order (FIN) …
    reset_at: int | None = None  # … or not in order (RST) …
    swallow_at: int | None = None  # … or looks alive, and takes everything and hands on nothing

    def __post_init__(self) -> None:
        if not all(0 <= share <= 1 for share in (self.loss, self.duplicate, self.reorder)):
            raise ValueError("loss, duplicate and reorder are shares between 0 and 1")
        if min(self.delay_s, self.jitter_s, self.reorder_s, self.stall_every_s, self.stall_s) < 0:
            raise ValueError("times are not below zero")
        if bool(self.stall_s) != bool(self.stall_every_s) or 0 < self.stall_every_s <= self.stall_s:
            raise ValueError("a stall has a length, and an interval longer than that")
        if min(self.bytes_per_s, self.buffer_bytes, self.datagram_max_bytes) <= 0:
            raise ValueError("a link carries something, and holds something")
        if any(at is not None and at < 0 for at in (self.cut_at, self.reset_at, self.swallow_at)):
            raise ValueError("bytes are counted from 0")


CLEAN = Impairments()
