"""The one guard: policy, then audit, then the room.

`Guard.enter` is called with who, what and whose before anything is done or shown. When the policy
says no it raises `Refused`, and the refusal is in the ledger; when a view cannot be written into
the ledger it raises `LedgerUnavailable`, and there is no view (I10).
"""

from collections.abc import Mapping
from typing import NoReturn

from storage.ledger import JsonValue, Ledger
from viewer.access.actions import Action
from viewer.access.errors import Refused
from viewer.access.policy import TABLE, Object, Record, Verdict, admits, decide
from viewer.access.roles import Principal

SUBJECT_LENGTH_MAX = 200  # of an id as somebody made it up


class Guard:
    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    async def admit(
        self, principal: Principal | None, action: Action, detail: Mapping[str, JsonValue], *, on_machine: bool = False
    ) -> None:
        """The first look at the door, before anything of the request is read: may this person do it at all?

        Raises:
            Refused: not with any object.
            LedgerUnavailable: the refusal could not be recorded.
        """
        verdict = admits(principal, action, on_machine=on_machine)
        if verdict is not Verdict.ALLOWED:
            await self._refuse(principal, action, "", verdict, detail)

    async def enter(
        self,
        principal: Principal | None,
        action: Action,
        thing: Object,
        detail: Mapping[str, JsonValue],
        *,
        on_machine: bool = False,
    ) -> None:
        """Let the principal do this to that, on record; or raise.

        Raises:
            Refused: the policy says no.
            LedgerUnavailable: the entry could not be made durable.
        """
        verdict = decide(principal, action, thing, on_machine=on_machine)
        if verdict is not Verdict.ALLOWED:
            await self._refuse(principal, action, thing.id, verdict, detail)
        if TABLE[action].record is Record.GUARD:
            await self._ledger.append(
                principal=ledger_name(principal), action=action.value, subject=thing.id, detail=detail
            )

    async def _refuse(
        self,
        principal: Principal | None,
        action: Action,
        subject: str,
        verdict: Verdict,
        detail: Mapping[str, JsonValue],
    ) -> NoReturn:
        """A foreign thing is recorded exactly like a missing one: not even the time of the answer tells them apart."""
        if principal is not None:  # anybody may knock: that alone is no entry
            await self._ledger.append(
                principal=ledger_name(principal),
                action="access.refused",
                subject=subject[:SUBJECT_LENGTH_MAX],
                detail={**detail, "action": action.value, "verdict": verdict.value},
            )
        raise Refused(verdict, action)


def ledger_name(principal: Principal | None) -> str:
    """How the ledger calls a person."""
    return "anonymous" if principal is None else f"user:{principal.name}"
