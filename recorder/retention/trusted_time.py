"""The time that footage grows old by: a wall clock that has to earn belief after it was ahead, across restarts too.

A step back is followed at once: it keeps more. A clock that is ahead, because somebody set it or because the machine
came up with it, is followed after a day in which this program ran; until then time goes on from where it was. So a
wrong clock frees nothing before a person had a day to see the warning.

At a start the clock is doubted by what was believed last (`Believed`, a row). Where there is no row yet, by the
oldest of what the newest footage and the newest entry of the ledger say: a machine that was off for a while then
deletes a day later, which harms nobody. Without any of these there is nothing to lose.

Not here: what footage is placed by (storage.SteadyClock), which must follow a clock that is set right.
Limits: a clock that is wrong for a day of running is believed. One that is ahead by less than `STEP_NS` is, too.
"""

from dataclasses import dataclass, replace

import structlog

from storage import BORN_UTC_NS, Clock

STEP_NS = 3_600_000_000_000  # ahead by more, against monotonic time, is a step; slewing never comes near
BELIEVED_AFTER_NS = 24 * STEP_NS  # time for a person to see the warning and set the clock right
# By so much more the clock may be ahead without the day beginning anew: nights and weekends in which a machine is off.
# Less than half of the seven days that a removal leaves.
GROWTH_NS = 3 * 24 * STEP_NS

log: structlog.stdlib.BoundLogger = structlog.get_logger("recorder.retention")


@dataclass(frozen=True, slots=True)
class Believed:
    """What survives a restart: the time, and of a doubt by how much the clock was ahead and how long that ran."""

    utc_ns: int
    ahead_ns: int = 0  # 0: no doubt
    doubted_ns: int = 0


class TrustedTime:
    """Ask it often: what passes between two looks is judged by the second."""

    def __init__(self, clock: Clock, believed: Believed | None = None) -> None:
        self._clock = clock
        self._looked_mono_ns = clock.mono_ns()
        self._known = believed is not None
        self._believed = Believed(clock.utc_ns()) if believed is None else believed

    @property
    def believed(self) -> Believed:
        """As of the last look."""
        return self._believed

    @property
    def doubted(self) -> bool:
        return self._believed.ahead_ns > 0

    def utc_ns(self) -> int:
        mono_ns, wall_ns = self._clock.mono_ns(), self._clock.utc_ns()
        passed_ns, self._looked_mono_ns = mono_ns - self._looked_mono_ns, mono_ns
        before = self._believed
        going_on_ns = before.utc_ns + passed_ns
        ahead_ns = wall_ns - going_on_ns
        if wall_ns < BORN_UTC_NS and self._known:  # a clock that nobody has set yet says nothing
            self._believed = replace(before, utc_ns=going_on_ns)
        elif ahead_ns <= STEP_NS:
            self._believed = Believed(wall_ns)
        else:
            self._doubt(before, going_on_ns, ahead_ns, passed_ns)
        self._known = True
        return self._believed.utc_ns

    def _doubt(self, before: Believed, going_on_ns: int, ahead_ns: int, passed_ns: int) -> None:
        if not before.ahead_ns or ahead_ns - before.ahead_ns > GROWTH_NS:
            words = "the clock is ahead of what was believed: for a day no footage is deleted as too old by it"
            log.warning(words, ahead_s=ahead_ns // 1_000_000_000)
            self._believed = Believed(going_on_ns, ahead_ns)
            return
        doubted_ns = before.doubted_ns + passed_ns
        if doubted_ns >= BELIEVED_AFTER_NS:
            self._believed = Believed(going_on_ns + ahead_ns)
        else:
            self._believed = Believed(going_on_ns, before.ahead_ns, doubted_ns)


def first_belief(newest_footage_utc_ns: int, newest_entry_utc_ns: int) -> Believed | None:
    """What to begin with where nothing was believed yet; 0 stands for none."""
    told = [utc_ns for utc_ns in (newest_footage_utc_ns, newest_entry_utc_ns) if utc_ns >= BORN_UTC_NS]
    return Believed(min(told)) if told else None
