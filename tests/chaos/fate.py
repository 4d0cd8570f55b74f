"""The fate of one packet: a pure function of the seed, the flow and the packet's number in it.

No state and no clock: what happens to packet 17 does not depend on what was asked before, or on
how fast the machine is.
"""

import random

from tests.chaos.impairments import Impairments

SEGMENT_BYTES = 1_448  # what a TCP segment carries on an Ethernet path with time stamps
RETRANSMIT_S = 0.2  # Linux's smallest retransmission timeout


def datagram_delays(link: Impairments, flow: str, number: int) -> tuple[float, ...]:
    """After how many seconds each copy of the datagram leaves; none if it is lost."""
    chance = _chance(link, flow, number)
    lost, twice, overtaken = (chance.random() for _ in range(3))
    if lost < link.loss:
        return ()
    copies = 2 if twice < link.duplicate else 1
    held_s = link.reorder_s if overtaken < link.reorder else 0.0
    return tuple(link.delay_s + held_s + chance.random() * link.jitter_s for _ in range(copies))


def chunk_delay(link: Impairments, flow: str, start: int, end: int) -> float:
    """How late the bytes `start` to `end` of a TCP stream become readable, beyond what came before them."""
    segments = range(start // SEGMENT_BYTES, (end - 1) // SEGMENT_BYTES + 1)
    delays_s = [_segment_delay(link, flow, segment) for segment in segments]
    return max(delays_s, default=link.delay_s)


def _segment_delay(link: Impairments, flow: str, segment: int) -> float:
    if not (link.loss or link.jitter_s):
        return link.delay_s
    chance = _chance(link, flow, segment)
    lost = chance.random() < link.loss
    return link.delay_s + chance.random() * link.jitter_s + lost * RETRANSMIT_S


def _chance(link: Impairments, flow: str, number: int) -> random.Random:
    return random.Random(f"{link.seed}/{flow}/{number}")  # text is hashed the same way in every process
