"""One unit as every viewer of its channel is sent it: payloads, RTP time, and what one system call can take of it.

The payloads are cut once and shared; a viewer adds headers and protection (sent_track). The kernel cuts a buffer into
datagrams of one size, the last of which may be shorter: a picture is mostly one such run, and small NAL units before it
some more. Worked out once a unit, not once a viewer.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from gateway.webrtc.port import BATCH_MAX_BYTES, SEGMENTS_MAX
from media.rtp import WEBRTC_MTU, Cut

MARKER = 0x80  # as in a `Cut`

_DATAGRAM_MAX = WEBRTC_MTU + 16  # header and the longest tag: what a run's bound is reckoned with
_RUN_MAX = min(SEGMENTS_MAX, BATCH_MAX_BYTES // _DATAGRAM_MAX)

Run = tuple[int, int, int]  # first payload, the one behind the last, and the size of all but the last


@dataclass(frozen=True, slots=True)
class CutUnit:
    """All of one RTP time. `number` is that of its first packet in the channel's history; -1: it is in none."""

    payloads: tuple[bytes, ...]
    rtp_time: int  # not wrapped
    marked: bool  # whether the last packet has the marker bit
    key: bool
    number: int
    size_bytes: int
    runs: tuple[Run, ...]
    placed_utc_ns: int
    mono_ns: int  # when it was received

    def at(self, rtp_time: int) -> "CutUnit":
        """The same at another time: not what the history has."""
        return CutUnit(
            self.payloads,
            rtp_time,
            self.marked,
            self.key,
            -1,
            self.size_bytes,
            self.runs,
            self.placed_utc_ns,
            self.mono_ns,
        )

    def cuts(self, rtp_time: int) -> list[Cut]:
        """Its packets one by one, as they are sent at this time."""
        last = len(self.payloads) - 1
        return [
            (payload, rtp_time, MARKER if self.marked and place == last else 0)
            for place, payload in enumerate(self.payloads)
        ]


def cut_units(packets: Sequence[Cut], number: int, *, key: bool, placed_utc_ns: int, mono_ns: int) -> list[CutUnit]:
    """The packets of one unit, the first of this `number`: one `CutUnit`, or for long sound one for each RTP time."""
    made: list[CutUnit] = []
    start = 0
    for end in range(1, len(packets) + 1):
        if end < len(packets) and packets[end][1] == packets[start][1]:
            continue
        payloads = tuple([payload for payload, _, _ in packets[start:end]])
        made.append(
            CutUnit(
                payloads,
                packets[start][1],
                bool(packets[end - 1][2]),
                key,
                number + start,
                sum(map(len, payloads)),
                runs_of(payloads),
                placed_utc_ns,
                mono_ns,
            )
        )
        start = end
    return made


def runs_of(payloads: Sequence[bytes]) -> tuple[Run, ...]:
    """The fewest runs that the kernel can cut: one size, the last of a run no longer."""
    runs: list[Run] = []
    first, size, closed = 0, len(payloads[0]), False
    for place in range(1, len(payloads)):
        length = len(payloads[place])
        if closed or length > size or place - first >= _RUN_MAX:
            runs.append((first, place, size))
            first, size, closed = place, length, False
        elif length < size:
            closed = True  # a shorter one ends the run
    runs.append((first, len(payloads), size))
    return tuple(runs)
