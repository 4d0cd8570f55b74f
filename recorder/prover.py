"""Proves the signed heads by itself: each day what came since, each month everything, at a rate that disturbs nobody.

What was proven stands in a signed note beside the heads (storage.heads.proven), so a day's proof takes seconds, and one
that a restart cut short costs a day's work and no more. What is broken is an alarm, each day anew, until a person has
seen to it; the note does not move past it.
Not here: the walk (storage.heads), rounds and keys (notary), the proof that a person asks for (mingjing, viewer).
"""

import asyncio
from dataclasses import dataclass
from datetime import datetime

import structlog

from gateway.stream import AlarmKind
from recorder.notary import Notary, Tell
from storage import DAY_NS, Clock
from storage.heads import HeadsReport, Proven

FIRST_S = 600.0  # after the start, which has other work for the disk
EVERY_S = 86_400.0
FULL_EVERY_NS = 30 * DAY_NS
RETRY_S = 3_600.0
REST_S = 0.05  # after 500 leaves: 70 million, half a year of 200 streams, take some three hours in the background

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class ProverStatistics:
    """Of the last proof by itself since the start, and of the note."""

    intact: bool | None  # None: none yet
    words: str  # what is broken, or why there was no proof
    proven_head: int  # 0: nothing was proven yet
    proven_at: str | None
    full_at: str | None


class Prover:
    def __init__(self, notary: Notary, clock: Clock) -> None:
        self._notary = notary
        self._clock = clock
        self._intact: bool | None = None
        self._words = ""

    async def run(self, tell: Tell) -> None:
        """For as long as the server runs."""
        await asyncio.sleep(FIRST_S)
        while True:
            proven = await self.prove(tell)
            await asyncio.sleep(EVERY_S if proven else RETRY_S)

    async def prove(self, tell: Tell) -> bool:
        """One proof; whether it came to an end, whatever it found."""
        try:
            report = await self._notary.verify(full=self.full_is_due, rest_s=REST_S)
        except OSError as error:
            self._words = f"heads cannot be proven: {error}"
            log.warning(self._words)
            return False
        broken = report.first_broken
        self._intact, self._words = broken is None, "" if broken is None else words_of(report)
        if broken is None:
            log.info("signed heads are true", since=report.from_head, heads=report.heads, leaves=report.leaves)
        else:
            log.error(self._words)
            tell(AlarmKind.HEADS_BROKEN, self._words)
        return True

    @property
    def full_is_due(self) -> bool:
        proven = self._notary.proven
        # A note from a clock that was ahead has no age either.
        return proven is None or not 0 <= self._clock.utc_ns() - _ns_of(proven) <= FULL_EVERY_NS

    def statistics(self) -> ProverStatistics:
        proven = self._notary.proven
        return ProverStatistics(
            intact=self._intact,
            words=self._words,
            proven_head=0 if proven is None else proven.head,
            proven_at=None if proven is None else proven.at,
            full_at=None if proven is None else proven.full_at,
        )


def words_of(report: HeadsReport) -> str:
    """What differs, in one sentence."""
    broken = report.first_broken
    assert broken is not None
    what = f"head {broken.head}" if broken.head else "the second copy"
    subject = f", {broken.subject}" if broken.subject else ""
    return f"archive or ledger are not what was signed: {what}{subject} ({broken.file}): {broken.reason}"


def _ns_of(proven: Proven) -> int:
    return round(datetime.fromisoformat(proven.full_at).timestamp() * 1e9)
