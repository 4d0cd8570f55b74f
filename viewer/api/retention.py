"""Why a second of footage is kept, and until when: the ring's age, and each clip and hold that points at it.

Not here: what is deleted, and when (recorder.Ring). A full disk may end what only its age keeps, but nothing that is
younger than the ring's floor.
"""

from typing import Annotated, Literal

from fastapi import APIRouter, Query
from pydantic import BaseModel

from recorder import Keeping, SegmentFact
from storage import iso_from_ns
from viewer.access import CallerHere, GuardedRoute
from viewer.api.times import Moment, iso_or_none, ns_from
from viewer.objects import device_object
from viewer.services import ServicesHere

router = APIRouter(prefix="/api/v1/retention", route_class=GuardedRoute, tags=["retention"])


class Reason(BaseModel):
    """`until` null: until two people say otherwise. `id` and `case` are of a clip or hold."""

    why: Literal["ring", "clip", "hold"]
    until: str | None
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
    reasons: list[Reason] = []
    until_ns: int | None = None
    if there:
        segment = there[-1]
        kept = await services.kept.keeping(segment, device, channel)
        reasons = [_by_age(segment, services.ring_age_ns), *map(_by_decision, kept)]
        ends = [segment.end_utc_ns + services.ring_age_ns, *(one.free_utc_ns for one in kept)]
        until_ns = None if None in ends else max(end for end in ends if end is not None)
    return Retention(
        device=device,
        channel=channel,
        at=iso_from_ns(at_ns),
        segment=there[-1].id if there else None,
        until=iso_or_none(until_ns),
        reasons=reasons,
    )


def _by_age(segment: SegmentFact, age_ns: int) -> Reason:
    return Reason(why="ring", until=iso_from_ns(segment.end_utc_ns + age_ns))


def _by_decision(keeping: Keeping) -> Reason:
    until = iso_or_none(keeping.free_utc_ns)
    return Reason(why=keeping.kind.value, until=until, id=keeping.id, case=keeping.case, note=keeping.note)
