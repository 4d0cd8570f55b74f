"""Why a second of footage is kept, and until when: every reason there is, and the one that wins.

Not here: what is decided of it (retention_policies), what will be deleted (retention_plan). A full disk may end what
only its policy keeps, but nothing that is younger than the minimum.
"""

from typing import Annotated, Literal

from fastapi import APIRouter, Query
from pydantic import BaseModel

from recorder import SegmentFact
from recorder.retention import Facts, KeptFor, reasons, winner
from recorder.retention import Reason as Known
from storage import iso_from_ns
from viewer.access import CallerHere, GuardedRoute
from viewer.api.times import Moment, iso_or_none, ns_from
from viewer.objects import device_object
from viewer.services import Services, ServicesHere

router = APIRouter(prefix="/api/v1/retention", route_class=GuardedRoute, tags=["retention"])


class Reason(BaseModel):
    """`until` null: not to be foreseen. `id`, `case` and `note` are of a clip or hold; `unit` is whose policy it is,
    empty where the settings say so. `wins`: it keeps the footage longest.
    """

    why: Literal["policy", "minimum", "clip", "hold", "remorse", "case", "dispute", "export"]
    until: str | None
    wins: bool
    unit: str = ""
    id: str | None = None
    case: str = ""
    note: str = ""


class Retention(BaseModel):
    """`segment` null: there is no footage of this moment. `until` null: for as long as one of the reasons stands."""

    device: str
    channel: str
    at: str
    segment: str | None
    until: str | None
    reasons: list[Reason]


@router.get("")
async def read_retention(
    caller: CallerHere,
    services: ServicesHere,
    device: Annotated[str, Query(max_length=64)],
    at: Moment,
    channel: Literal["main", "sub", "talk"] = "main",
) -> Retention:
    await caller.enter(device_object(services.registry, device))
    at_ns = ns_from(at)
    found = await services.index.recordings(device, channel, at_ns, at_ns + 1)
    there = [segment for segment in found.segments if not segment.missing]
    known: list[Known] = []
    if there:
        known = reasons(await _facts(services, there[-1], device, channel), services.retention.now_utc_ns())
    won = winner(known) if known else -1
    return Retention(
        device=device,
        channel=channel,
        at=iso_from_ns(at_ns),
        segment=there[-1].id if there else None,
        until=iso_or_none(known[won].until_utc_ns) if known else None,
        reasons=[_reason(one, wins=place == won) for place, one in enumerate(known)],
    )


async def _facts(services: Services, segment: SegmentFact, device: str, channel: str) -> Facts:
    retention, now_ns = services.retention, services.retention.now_utc_ns()
    unit = retention.places.unit_at(device, segment.start_utc_ns) or services.registry.devices.get(device).unit
    kept = []
    keepings = await services.kept.keeping(segment, device, channel, released=True)
    for keeping in keepings:
        case, tagged = await retention.case_files.of(keeping.case, keeping.passage.unit, now_ns)
        kept.append(KeptFor(keeping, case, tagged))
    numbers = segment.stream, segment.first_sequence, segment.last_sequence
    pinned_by = {one.keeping for one in services.kept.pins.holding(*numbers, now_ns)}
    book = retention.policies.book
    return Facts(
        end_utc_ns=segment.end_utc_ns,
        untagged_ns=book.untagged_ns(unit, now_ns),
        minimum_ns=retention.minimum_ns,
        unit=book.deciding_unit(unit),
        kept=kept,
        exported=bool(pinned_by - {keeping.id for keeping in keepings}),
    )


def _reason(known: Known, *, wins: bool) -> Reason:
    until = iso_or_none(known.until_utc_ns)
    return Reason(
        why=known.why.value,
        until=until,
        wins=wins,
        unit=known.unit,
        id=known.id or None,
        case=known.case,
        note=known.note,
    )
