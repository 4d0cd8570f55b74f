"""Which missing packets to ask for, and when: the receiving half of generic NACK.

A number that was skipped may only be late, so it is first asked for after a short wait; then again
each time the answer should have been here by the round trip measured so far. It is given up when the
reorder buffer moves on, which `patience_ns` tells it when to do: then a repair would come too late.

The round trip is measured by the repairs themselves: from asking to coming, of those that came as often
as they were asked for (else nobody knows which question was answered; Karn's algorithm), smoothed as in
RFC 6298. So a guess that was too short, which asks everything twice, mends itself.

Not here: the packets (reorder), the bytes of a NACK (feedback), what a loss does (repaired).

Bounds: `MISSING_MAX` numbers are watched, `ASKED_MAX` asked at a time, each `TRIES_MAX` times.
"""

from media.rtp.packet import SEQUENCE_MASK
from media.rtp.reorder import DROPOUT_MAX

REORDER_WAIT_NS = 10_000_000  # 4G and Wi-Fi reorder within a few milliseconds; libwebrtc asks at once, and too often
ROUND_TRIP_NS = 100_000_000  # before anything was measured: what 4G has in the field
ROUND_TRIP_MIN_NS = 10_000_000  # below it a question would be asked twice before its answer is through the queues
ROUND_TRIP_MAX_NS = 500_000_000  # beyond it nothing comes within the patience anyway
RETRY_MARGIN_NS = 10_000_000  # over the round trip: the sender answers between two of its pictures
TRIES_MAX = 8  # libwebrtc has 10; at 30 % loss one in 15,000 stays away after eight
# A hole delays what follows, so patience has an end: at 15 % loss each way one number in 250 is still missing after
PATIENCE_TRIES = 5  # ... so many questions; on a sound link the first is answered
PATIENCE_MIN_NS = 200_000_000  # as long as UDP without repairs waits
PATIENCE_MAX_NS = 1_000_000_000  # what a supervisor still takes for live
MISSING_MAX = 512  # half a second at 10 Mbit/s: a link that was away longer needs a key picture and not all of that
ASKED_MAX = 250  # in one message: at the worst an entry each, 1,000 bytes beside a receiver report

REPEATED_MAX = 64  # numbers that came, but were asked for more than once: whose other answers are awaited

_NEXT, _TRIES, _ASKED = range(3)  # places in the state of a number; a list, as it changes with each question


class NackGenerator:
    """Sequence numbers of one source in, numbers to ask for out. All times are monotonic ns."""

    def __init__(self, *, round_trip_ns: int = ROUND_TRIP_NS) -> None:
        self.next_ns = 0  # when `due` has something to say; 0 is never
        self.asked = 0  # questions, each number each time
        self.repaired = 0  # numbers that came after they were asked for
        self.unrepaired = 0  # numbers that were given up
        self.overruns = 0  # holes longer than may be asked for
        self._newest = -1  # the latest number that came
        self._missing: dict[int, list[int]] = {}  # number → next question at, questions so far, last one at
        self._round_trip_ns = min(max(round_trip_ns, ROUND_TRIP_MIN_NS), ROUND_TRIP_MAX_NS)
        self._repeated: dict[int, list[int]] = {}  # number → last question at, answers to come
        self._deviation_ns = self._round_trip_ns // 4
        self._measured = False

    @property
    def missing(self) -> int:
        """Numbers that are watched."""
        return len(self._missing)

    @property
    def round_trip_ns(self) -> int:
        return self._round_trip_ns

    @property
    def patience_ns(self) -> int:
        """How long a hole may hold up what follows it."""
        patience = REORDER_WAIT_NS + PATIENCE_TRIES * self._retry_ns()
        return min(max(patience, PATIENCE_MIN_NS), PATIENCE_MAX_NS)

    def arrived(self, sequence: int, expected: int, mono_ns: int) -> bool:
        """A packet has come that is not simply the next one. True: it is a repair.

        `expected` is the reorder buffer's next number before this packet: all before it have come, or
        are given up, so packets in order need not be told of here.
        """
        if expected < 0:  # the first packet of a source
            self._newest = sequence
            return False
        known = self._missing.pop(sequence, None)
        if known is not None:
            if known[_TRIES] == 1:
                self._measure(mono_ns - known[_ASKED])
            elif known[_TRIES]:
                if len(self._repeated) >= REPEATED_MAX:
                    del self._repeated[next(iter(self._repeated))]
                self._repeated[sequence] = [known[_ASKED], known[_TRIES] - 1]
            self.repaired += known[_TRIES] > 0  # else it was only late
            return known[_TRIES] > 0
        newest = (expected - 1) & SEQUENCE_MASK
        if self._newest >= 0 and (self._newest - newest) & SEQUENCE_MASK < 0x8000:
            newest = self._newest
        skipped = (sequence - newest - 1) & SEQUENCE_MASK
        if skipped >= 0x8000:
            self.came_again(sequence, mono_ns)
            return False
        if skipped >= DROPOUT_MAX:
            return False  # a stray, until another one follows it: the reorder buffer does not believe it either
        self._newest = sequence
        if skipped > MISSING_MAX - len(self._missing):
            self.overruns += 1  # the reorder buffer gives the hole up in its own time
        elif skipped:
            self._missing.update(self._miss(newest, skipped, mono_ns))
        return False

    def began_before(self, sequence: int, expected: int, mono_ns: int) -> None:
        """A packet has come from before `expected`, the first so far: the source began there, or before it."""
        skipped = (expected - sequence - 1) & SEQUENCE_MASK
        if skipped > MISSING_MAX - len(self._missing):
            self.overruns += 1
        else:
            self._missing = self._miss(sequence, skipped, mono_ns) | self._missing  # in their order

    def came_again(self, sequence: int, mono_ns: int) -> None:
        """A packet that is here already: if it was asked for more than once, this is another answer."""
        repeated = self._repeated.get(sequence)
        if repeated is None:
            return
        repeated[1] -= 1
        if not repeated[1]:
            del self._repeated[sequence]
            self._measure(mono_ns - repeated[0])

    def give_up(self, expected: int) -> None:
        """The reorder buffer has moved on: what is before `expected` is not missed any more."""
        gone = []
        for sequence in self._missing:  # in their order: the first that is still missed ends it
            if (sequence - expected) & SEQUENCE_MASK < 0x8000:
                break
            gone.append(sequence)
        for sequence in gone:
            del self._missing[sequence]
        self.unrepaired += len(gone)

    def due(self, mono_ns: int) -> list[int]:
        """The numbers to ask for now, in order."""
        asked: list[int] = []
        following = 0
        for sequence, state in self._missing.items():
            if state[_TRIES] < TRIES_MAX and state[_NEXT] <= mono_ns and len(asked) < ASKED_MAX:
                state[_TRIES] += 1
                state[_ASKED] = mono_ns
                state[_NEXT] = mono_ns + self._retry_ns()
                asked.append(sequence)
            if state[_TRIES] < TRIES_MAX:
                following = min(following or state[_NEXT], state[_NEXT])
        self.next_ns = following
        self.asked += len(asked)
        return asked

    def forget(self) -> None:
        """Another source, or another count of the same."""
        self._missing.clear()
        self._repeated.clear()
        self._newest = -1
        self.next_ns = 0

    def _miss(self, behind: int, count: int, mono_ns: int) -> dict[int, list[int]]:
        """The states of so many numbers behind one, not asked for yet."""
        ask_ns = mono_ns + REORDER_WAIT_NS
        if count:
            self.next_ns = min(self.next_ns or ask_ns, ask_ns)
        return {(behind + 1 + place) & SEQUENCE_MASK: [ask_ns, 0, 0] for place in range(count)}

    def _retry_ns(self) -> int:
        return self._round_trip_ns + max(RETRY_MARGIN_NS, 2 * self._deviation_ns)

    def _measure(self, took_ns: int) -> None:
        took_ns = min(max(took_ns, ROUND_TRIP_MIN_NS), ROUND_TRIP_MAX_NS)
        if not self._measured:
            self._measured = True
            self._round_trip_ns, self._deviation_ns = took_ns, took_ns // 4
            return
        self._deviation_ns += (abs(took_ns - self._round_trip_ns) - self._deviation_ns) // 4
        self._round_trip_ns += (took_ns - self._round_trip_ns) // 8
