"""What the ring goes by: policies, places, case files and the time it trusts; and what it does beside deleting.

Before a turn: where devices are now is written down. After it: what went gets its entry in the ledger, and the time
that is believed its row.
"""

from collections.abc import Callable, Mapping
from typing import Protocol

import structlog
from sqlalchemy.exc import SQLAlchemyError

from recorder.retention.book import PolicyBook
from recorder.retention.case_files import CaseFiles
from recorder.retention.deletions import Certificates
from recorder.retention.places import PlaceBook, Places
from recorder.retention.time_row import write_belief
from recorder.retention.trusted_time import TrustedTime
from storage import Clock
from storage.database import Database
from storage.ledger import LedgerUnavailable

BELIEF_PERIOD_NS = 300_000_000_000  # a restart doubts the clock from so long before it

Present = Callable[[], Mapping[str, str]]  # the unit of each device

log = structlog.get_logger("recorder.retention")


class Beside(Protocol):
    """What is written down beside deleting; none of it holds the ring up."""

    async def observe(self, utc_ns: int) -> None: ...

    async def certify(self) -> None: ...

    async def believe(self, time: TrustedTime, mono_ns: int) -> None: ...


class Keeper:
    """Made with a clock and the house's age alone it knows one policy, and writes nothing down."""

    def __init__(
        self,
        clock: Clock,
        house_ns: int,
        policies: PolicyBook | None = None,
        places: PlaceBook | None = None,
        case_files: CaseFiles | None = None,
        time: TrustedTime | None = None,
        beside: Beside | None = None,
    ) -> None:
        self.policies = policies or PolicyBook(house_ns)
        self.places = places or PlaceBook()
        self.case_files = case_files or CaseFiles(self.policies)
        self.time = time or TrustedTime(clock)
        self._clock = clock
        self._beside = beside

    async def before_turn(self) -> None:
        if self._beside is None:
            return
        try:
            await self._beside.observe(self._clock.utc_ns())
        except (SQLAlchemyError, LedgerUnavailable) as error:
            log.warning("where devices are is not written down yet", error=str(error))

    async def after_turn(self) -> None:
        """Raises LedgerUnavailable, SQLAlchemyError."""
        if self._beside is not None:
            await self._beside.believe(self.time, self._clock.mono_ns())
            await self._beside.certify()


class WrittenDown:
    """Into database and ledger."""

    def __init__(self, database: Database, places: Places, certificates: Certificates, present: Present) -> None:
        self._database = database
        self._places = places
        self._certificates = certificates
        self._present = present
        self._believed_mono_ns: int | None = None
        self._doubted = False

    async def observe(self, utc_ns: int) -> None:
        await self._places.observe(self._present(), utc_ns)

    async def certify(self) -> None:
        await self._certificates.certify()

    async def believe(self, time: TrustedTime, mono_ns: int) -> None:
        """Every few minutes, and when a doubt begins or ends."""
        due = self._believed_mono_ns is None or mono_ns - self._believed_mono_ns >= BELIEF_PERIOD_NS
        if not due and time.doubted is self._doubted:
            return
        self._believed_mono_ns, self._doubted = mono_ns, time.doubted
        await write_belief(self._database, time.believed)
