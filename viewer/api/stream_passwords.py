"""One's own stream passwords, for players and video walls: make, list, revoke."""

from typing import Annotated

from fastapi import APIRouter, Request, status
from pydantic import BaseModel, ConfigDict, Field

from storage import iso_from_ns
from viewer.access import (
    DAYS_MAX,
    LABEL_LENGTH_MAX,
    CallerHere,
    GuardedRoute,
    StreamPassword,
    require_private_transport,
)
from viewer.api.paging import Page
from viewer.api.times import iso_or_none
from viewer.live import Purpose
from viewer.objects import stream_password_object
from viewer.services import ServicesHere

router = APIRouter(prefix="/api/v1/stream-passwords", route_class=GuardedRoute, tags=["stream-passwords"])

DAYS_DEFAULT = 90


class NewStreamPassword(BaseModel):
    """`label` says which player or wall it is for."""

    model_config = ConfigDict(extra="forbid")

    label: Annotated[str, Field(min_length=1, max_length=LABEL_LENGTH_MAX)]
    purpose: Purpose
    days: Annotated[int, Field(ge=1, le=DAYS_MAX)] = DAYS_DEFAULT


class StreamPasswordItem(BaseModel):
    """`views` players show pictures with it now; `last_used_at` is when the last view began or ended."""

    id: str
    label: str
    purpose: Purpose
    created_at: str
    expires_at: str
    last_used_at: str | None
    views: int


class StreamPasswordShown(StreamPasswordItem):
    """With the password itself, shown this once. `user` is what the player asks for beside it."""

    user: str
    password: str


@router.get("")
async def list_stream_passwords(caller: CallerHere, services: ServicesHere) -> Page[StreamPasswordItem]:
    principal = await caller.enter()
    items = [_item(one) for one in services.access.stream_passwords.of_user(principal.name)]
    return Page(items=items, next_cursor=None, total=len(items))


@router.post("", status_code=status.HTTP_201_CREATED)
async def create_stream_password(
    request: Request, caller: CallerHere, services: ServicesHere, body: NewStreamPassword
) -> StreamPasswordShown:
    """It opens what its owner may see at the time, over RTSP, and nothing else."""
    require_private_transport(request)
    principal = await caller.enter()
    made, text = await services.access.stream_passwords.create(principal, body.label, body.purpose.value, body.days)
    return StreamPasswordShown(**_item(made).model_dump(), user=made.user, password=text)


@router.delete("/{password}", status_code=status.HTTP_204_NO_CONTENT)
async def revoke_stream_password(password: str, caller: CallerHere, services: ServicesHere) -> None:
    """Whoever watches with it is cut off at once."""
    known = services.access.stream_passwords.get(password)
    principal = await caller.enter(stream_password_object(password, known))
    await services.access.stream_passwords.revoke(password, principal)


def _item(password: StreamPassword) -> StreamPasswordItem:
    return StreamPasswordItem(
        id=password.id,
        label=password.label,
        purpose=Purpose(password.purpose),
        created_at=iso_from_ns(password.created_utc_ns),
        expires_at=iso_from_ns(password.expires_utc_ns),
        last_used_at=iso_or_none(password.last_used_utc_ns),
        views=password.views,
    )
