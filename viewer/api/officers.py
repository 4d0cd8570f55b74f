"""Officers: who carries a device, found by number or name, and what they carried when.

    PUT, DELETE /api/v1/devices/{device}/officer     handed over, taken back; on record
    GET /api/v1/officers?q=                          of the units that one may know of

Not here: the footage of what an officer carried (timeline).
"""

from typing import Annotated

from fastapi import APIRouter, Query, status
from pydantic import BaseModel, ConfigDict, Field

from gateway.registry import Assignment
from storage import iso_from_ns
from viewer.access import CallerHere, GuardedRoute
from viewer.api.paging import SEARCH_LENGTH_MAX
from viewer.api.times import Moment, iso_or_none, ns_from
from viewer.objects import device_object, units_within
from viewer.services import ServicesHere

router = APIRouter(prefix="/api/v1", route_class=GuardedRoute, tags=["officers"])


class HandOver(BaseModel):
    """`since`: a moment that is past; else now."""

    model_config = ConfigDict(extra="forbid")

    certificate_no: Annotated[str, Field(max_length=256)]
    name: Annotated[str, Field(max_length=512)] = ""
    since: Moment | None = None


class AssignmentItem(BaseModel):
    """`until` null: still."""

    device: str
    certificate_no: str
    name: str
    since: str
    until: str | None


class OfficerList(BaseModel):
    """The latest of each officer; at most 50."""

    items: list[AssignmentItem]


@router.get("/officers")
async def list_officers(
    caller: CallerHere,
    services: ServicesHere,
    q: Annotated[str, Query(max_length=SEARCH_LENGTH_MAX, description="What number or name contain.")] = "",
) -> OfficerList:
    principal = await caller.enter()
    units = None if principal.unit is None else units_within(services.registry, principal.unit)
    return OfficerList(items=[_item(one) for one in await services.registry.officers.search(q.strip(), units=units)])


@router.get("/devices/{device}/officer")
async def read_officer(device: str, caller: CallerHere, services: ServicesHere) -> AssignmentItem | None:
    """Null where nobody carries it."""
    await caller.enter(device_object(services.registry, device))
    found = await services.registry.officers.carrier(device)
    return None if found is None else _item(found)


@router.put("/devices/{device}/officer")
async def hand_over(device: str, caller: CallerHere, services: ServicesHere, body: HandOver) -> AssignmentItem:
    """Who carried it until then has given it back."""
    await caller.enter(device_object(services.registry, device))
    handed = await services.registry.officers.hand_over(
        device,
        certificate_no=body.certificate_no,
        name=body.name,
        since_utc_ns=None if body.since is None else ns_from(body.since),
        principal=caller.ledger_name,
    )
    return _item(handed)


@router.delete("/devices/{device}/officer", status_code=status.HTTP_204_NO_CONTENT)
async def take_back(device: str, caller: CallerHere, services: ServicesHere) -> None:
    await caller.enter(device_object(services.registry, device))
    await services.registry.officers.take_back(device, principal=caller.ledger_name)


def _item(one: Assignment) -> AssignmentItem:
    return AssignmentItem(
        device=one.device,
        certificate_no=one.certificate_no,
        name=one.name,
        since=iso_from_ns(one.begin_utc_ns),
        until=iso_or_none(one.end_utc_ns),
    )
