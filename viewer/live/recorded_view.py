"""One view of live pictures in the ledger: *opened* before anything is shown, *closed* with what was seen.

Both entries name the view, so that one whose server was killed is found by its missing end.
Not here: who may watch (viewer.access), what ends a view (open_views).
"""

import secrets
from collections.abc import Mapping

import structlog

from storage.ledger import LedgerUnavailable
from viewer.access import Caller
from viewer.objects import device_object
from viewer.services import Services

log = structlog.get_logger()


class RecordedView:
    """`facts` say how it is watched: channel, purpose, and what the way itself has to add."""

    def __init__(self, services: Services, caller: Caller, device_id: str, facts: Mapping[str, str]) -> None:
        self._services = services
        self._caller = caller
        self._device_id = device_id
        self.facts: Mapping[str, str] = {**facts, "view": secrets.token_hex(8)}

    async def open(self) -> None:
        """Pass the guard. Once this returns, `close` has to follow, whatever happens.

        Raises:
            Refused: the policy says no.
            LedgerUnavailable: the view cannot be recorded, so there is none.
        """
        await self._caller.enter(device_object(self._services.registry, self._device_id), self.facts)

    async def close(self, *, seconds: float, units_sent: int, units_missed: int) -> None:
        counts = {"seconds": round(seconds, 1), "units_sent": units_sent, "units_missed": units_missed}
        try:
            await self._services.ledger.append(
                principal=self._caller.ledger_name,
                action="live.close",
                subject=self._device_id,
                detail={**self.facts, **counts},
            )
        except LedgerUnavailable as error:
            log.error(
                "end of a view not recorded", device=self._device_id, user=self._caller.ledger_name, reason=str(error)
            )
