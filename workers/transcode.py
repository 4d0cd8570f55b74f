"""One channel's sound in the hands of a worker, seen from the server.

Units that were not answered yet are held, so that another worker can be given them when the first one dies:
what that costs is then a few packets, and only the unit that killed it is left out.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Generic

from media import AudioConfig
from workers.sound import (
    MADE_CLOCK_RATE,
    PACKET_TICKS,
    UNANSWERED_AGE_MAX_NS,
    UNANSWERED_BYTES_MAX,
    UNIT_BYTES_MAX,
    UNITS_MAX,
    GivenUp,
    SoundReader,
    Unit,
)
from workers.wire import Answer, WireError

FOR_EVER_NS = 1 << 62
FAR_TICKS = 3 * MADE_CLOCK_RATE  # a unit lasts 1.2 s at most, and what is filled in before it 0.2 s


class Transcode(Generic[Unit]):
    """Made by the pool's `open`; `push` what comes, and `close` in the end.

    What a full queue leaves out is the oldest, and it is counted as lost together with what crashes cost: `lost_ticks`,
    of 48 kHz, known as soon as sound comes again. A `patient` one leaves nothing out for its age: it is not live.
    """

    def __init__(
        self,
        key: str,
        config: AudioConfig,
        reader: SoundReader[Unit],
        now_ns: Callable[[], int],
        leave: Callable[["Transcode[Unit]"], None],
        *,
        patient: bool = False,
    ) -> None:
        self.key = key
        self.config = config
        self.send: Callable[[Unit], None] | None = None  # to the worker that has it; None while none does
        self.closed = False
        self.lost_ticks = 0
        self.refused_units = 0  # longer than any sound is
        self.unreadable_units = 0
        self._reader = reader
        self._now_ns = now_ns
        self._leave = leave
        self._age_max_ns = FOR_EVER_NS if patient else UNANSWERED_AGE_MAX_NS
        self._unanswered: deque[tuple[Unit, int]] = deque()  # and when it was pushed
        self._unanswered_bytes = 0
        self._end_pts: int | None = None  # of the last packet that came
        self._interrupted = False
        self._idle = asyncio.Event()
        self._idle.set()

    async def wait_idle(self) -> None:
        """Until nothing of it is unanswered, or it was given up: for who has all the sound already and must not push
        more than the queue holds."""
        await self._idle.wait()

    @property
    def unanswered(self) -> int:
        """Units that a worker has, or that wait for one."""
        return len(self._unanswered)

    def push(self, unit: Unit) -> None:
        """Take the next unit; of one that was given up nothing comes any more."""
        size = len(unit.payload[0])
        if self.closed:
            return
        if size > UNIT_BYTES_MAX:
            self.refused_units += 1
            return
        now_ns = self._now_ns()
        waiting = self.send is None
        while self._unanswered and (
            len(self._unanswered) >= UNITS_MAX
            or self._unanswered_bytes + size > UNANSWERED_BYTES_MAX
            or now_ns - self._unanswered[0][1] > self._age_max_ns
        ):
            self._interrupted = True
            if not waiting:
                return  # the worker has the oldest in hand: what comes now is left out
            self._drop_oldest()
        self._unanswered.append((unit, now_ns))
        self._idle.clear()
        self._unanswered_bytes += size
        if self.send is not None:
            self.send(unit)

    def close(self) -> None:
        """Nobody listens any more. Closing again does nothing."""
        if not self.closed:
            self._end()
            self._leave(self)

    # the pool's side

    def begin(self, send: Callable[[Unit], None]) -> None:
        """A worker has it from now on; it is given what waits and is not too old."""
        now_ns = self._now_ns()
        while self._unanswered and now_ns - self._unanswered[0][1] > self._age_max_ns:
            self._drop_oldest()
        self.send = send
        for unit, _ in self._unanswered:
            send(unit)

    def interrupt(self, *, guilty: bool) -> None:
        """The worker is gone. `guilty`: on the oldest unit of this one, which no other is given."""
        self.send = None
        self._interrupted = True
        if guilty and self._unanswered:
            self._drop_oldest()

    def answered(self, answer: Answer) -> None:
        """The worker is done with the oldest unit.

        Raises:
            WireError: it says what cannot be of that unit.
        """
        unit = self._unanswered[0][0]
        if any(abs(packet.pts - self._made_pts(unit)) > FAR_TICKS for packet in answer.packets):
            raise WireError("a packet far from its unit")
        self._drop_oldest()
        self.unreadable_units += answer.unreadable
        end = self._end_pts
        made = answer.packets if end is None else [packet for packet in answer.packets if packet.pts >= end]
        if not made:
            return
        if self._interrupted and end is not None:
            self.lost_ticks += made[0].pts - end
        self._interrupted = False
        self._end_pts = made[-1].pts + PACKET_TICKS
        self._reader.sound(unit, made)

    def _made_pts(self, unit: Unit) -> int:
        return unit.pts * MADE_CLOCK_RATE // self.config.clock_rate

    def give_up(self, why: GivenUp) -> None:
        self._end()
        self._reader.sound_given_up(why)

    def _end(self) -> None:
        self.closed = True
        self._unanswered.clear()
        self._unanswered_bytes = 0
        self._idle.set()

    def _drop_oldest(self) -> Unit:
        unit, _ = self._unanswered.popleft()
        self._unanswered_bytes -= len(unit.payload[0])
        if not self._unanswered:
            self._idle.set()
        return unit
