"""The case that somebody has at hand, and which footage it opens to whoever reviews it.

A case opens the clips that are tagged to it, and footage of the devices of its unit around its time, in which a clip is
looked for and cut (`supervision.cases.window_of`); a closed one its clips alone. Who watches over a district, or hands
out footage, needs no case; when one is named it is on record all the same.

Not here: whose role asks for a case (viewer.access.policy, `Row.by_case`). Limit: of one device and interval the 500
latest clips of a case count.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Annotated

from fastapi import Query

from recorder import KeepingKind, KeptFilter, Passage
from storage.ledger import JsonValue
from supervision.cases import Case, TimeSpan, covers, window_of
from viewer.access import Action, Caller, Object
from viewer.objects import case_object
from viewer.services import Services

CaseId = Annotated[str | None, Query(max_length=64, description="The case at hand: who reviews names one.")]

_CLIPS_MAX = 500  # a page of the room


@dataclass(frozen=True, slots=True)
class Stretch:
    """Footage of a device. `unit` is where it was, for a device that is there no more."""

    device: str
    span: TimeSpan
    unit: str = ""

    @classmethod
    def of(cls, passage: Passage) -> "Stretch":
        return cls(passage.device, TimeSpan(passage.start_utc_ns, passage.end_utc_ns), passage.unit)


class CaseAtHand:
    """`case` None: none was named, and nothing is opened."""

    def __init__(self, services: Services, case: Case | None) -> None:
        self._services = services
        self.case = case

    def facts(self) -> dict[str, JsonValue]:
        """What is on record of it."""
        return {} if self.case is None else {"case": self.case.id, "case_no": self.case.fields.case_no}

    async def over(self, thing: Object, stretches: Iterable[Stretch]) -> Object:
        """The same thing, for the guard, with whether all the footage that it stands for is opened."""
        return replace(thing, opened=await self.opens(stretches))

    async def opens(self, stretches: Iterable[Stretch]) -> bool:
        """Whether all of this is. Of nothing at all nothing is opened."""
        wanted = list(stretches)
        return bool(wanted) and all([await self._opens(one) for one in wanted])

    async def _opens(self, wanted: Stretch) -> bool:
        if self.case is None:
            return False
        window = window_of(self.case, self._services.case_margins)
        around = [window] if window is not None and self._is_of_its_unit(wanted) else []
        if covers(around, wanted.span):
            return True
        return covers([*around, *await self._clips(wanted)], wanted.span)

    def _is_of_its_unit(self, wanted: Stretch) -> bool:
        assert self.case is not None
        registry = self._services.registry
        device = registry.devices.find(wanted.device)
        return self.case.fields.unit in registry.units.path(wanted.unit if device is None else device.unit)

    async def _clips(self, wanted: Stretch) -> list[TimeSpan]:
        assert self.case is not None
        kept = self._services.kept
        asked = KeptFilter(
            kind=KeepingKind.CLIP,
            device=wanted.device,
            case=self.case.id,
            from_utc_ns=wanted.span.start_utc_ns,
            to_utc_ns=wanted.span.end_utc_ns,
            standing_at=kept.now_utc_ns(),
        )
        found = (await kept.page(asked, limit=_CLIPS_MAX)).items
        return [TimeSpan(one.passage.start_utc_ns, one.passage.end_utc_ns) for one in found]


async def case_at_hand(caller: Caller, services: Services, case_id: str | None) -> CaseAtHand:
    """The case that was named.

    Raises:
        Refused: there is none of this id for this person; on record.
    """
    if not case_id:
        return CaseAtHand(services, None)
    case = await services.cases.find(case_id)
    if case is None or not caller.sees(Action.CASE_LOOK_ROUND, case_object(services.registry, case_id, case)):
        # As one that is not there: says no, and writes it down.
        await caller.enter_also(Action.CASE_LOOK_ROUND, case_object(services.registry, case_id, None))
    return CaseAtHand(services, case)
