"""People: the security admin makes, changes, disables and re-enables accounts, and ends their sessions."""

from typing import Annotated

from fastapi import APIRouter, Response, status
from pydantic import BaseModel, ConfigDict, Field

from storage import iso_from_ns
from viewer.access import Account, Caller, CallerHere, GuardedRoute, NewAccount, Role
from viewer.api.paging import LIMIT_DEFAULT, Cursor, Limit, Page, Search, Sort, cut_page
from viewer.api.session import SessionItem, session_page
from viewer.api.times import iso_or_none
from viewer.api.versions import IfMatch, require_match, set_etag
from viewer.objects import session_object, user_object
from viewer.services import Services, ServicesHere

router = APIRouter(prefix="/api/v1/users", route_class=GuardedRoute, tags=["users"])

_SORT_KEYS = {
    "name": lambda account: account.name,
    "role": lambda account: account.role,
    "unit": lambda account: account.unit or "",
    "created_at": lambda account: f"{account.created_utc_ns:020}",
    "last_login": lambda account: f"{account.last_login_utc_ns or 0:020}",
}


class NewUser(BaseModel):
    model_config = ConfigDict(extra="forbid")

    name: Annotated[str, Field(max_length=64)]
    role: Role
    unit: Annotated[str | None, Field(max_length=64)] = None


class UserChange(BaseModel):
    """What is left out stays."""

    model_config = ConfigDict(extra="forbid")

    role: Role | None = None
    unit: Annotated[str | None, Field(max_length=64)] = None


class OneTimePassword(BaseModel):
    """Shown once, and to be changed at the first login."""

    name: str
    role: Role
    password: str


class User(BaseModel):
    name: str
    role: Role
    unit: str | None
    enabled: bool
    must_change_password: bool
    created_at: str
    last_login: str | None
    sessions: int
    version: int


@router.get("")
async def list_users(
    caller: CallerHere,
    services: ServicesHere,
    q: Search = "",
    role: Role | None = None,
    enabled: bool | None = None,
    sort: Sort = "name",
    cursor: Cursor = None,
    limit: Limit = LIMIT_DEFAULT,
) -> Page[User]:
    await caller.enter()
    matching = [
        account
        for account in await services.access.accounts.list()
        if q.lower() in account.name
        and (role is None or account.role is role)
        and (enabled is None or account.enabled is enabled)
    ]
    accounts, following, total = cut_page(matching, _SORT_KEYS, "name", sort, cursor, limit)
    return Page(items=[_user(account, services) for account in accounts], next_cursor=following, total=total)


@router.post("", status_code=status.HTTP_201_CREATED)
async def create_user(caller: CallerHere, services: ServicesHere, body: NewUser) -> OneTimePassword:
    await caller.enter()
    made = await services.access.accounts.create(body.name, body.role, body.unit, by=caller.ledger_name)
    return _one_time(made)


@router.get("/{user}")
async def read_user(user: str, caller: CallerHere, services: ServicesHere, response: Response) -> User:
    account = await _enter(user, caller, services)
    set_etag(response, account.version)
    return _user(account, services)


@router.patch("/{user}")
async def edit_user(
    user: str,
    caller: CallerHere,
    services: ServicesHere,
    response: Response,
    body: UserChange,
    if_match: IfMatch = None,
) -> User:
    """Another role or unit. Ends the person's sessions."""
    account = await _enter(user, caller, services)
    version = require_match(if_match, account.version)
    role = body.role if body.role is not None else account.role
    unit = body.unit if "unit" in body.model_fields_set else account.unit
    account = await services.access.accounts.edit(user, role, unit, version=version, by=caller.ledger_name)
    set_etag(response, account.version)
    return _user(account, services)


@router.post("/{user}/disable")
async def disable_user(
    user: str, caller: CallerHere, services: ServicesHere, response: Response, if_match: IfMatch = None
) -> User:
    """Ends the person's sessions, WebSockets included, also while the audit log cannot be written."""
    version = require_match(if_match, (await _enter(user, caller, services)).version)
    account = await services.access.accounts.disable(user, version=version, by=caller.ledger_name)
    set_etag(response, account.version)
    return _user(account, services)


@router.post("/{user}/enable")
async def enable_user(
    user: str, caller: CallerHere, services: ServicesHere, response: Response, if_match: IfMatch = None
) -> User:
    version = require_match(if_match, (await _enter(user, caller, services)).version)
    account = await services.access.accounts.enable(user, version=version, by=caller.ledger_name)
    set_etag(response, account.version)
    return _user(account, services)


@router.post("/{user}/reset-password")
async def reset_password(
    user: str, caller: CallerHere, services: ServicesHere, if_match: IfMatch = None
) -> OneTimePassword:
    """A new one-time password, shown once. Ends the person's sessions."""
    version = require_match(if_match, (await _enter(user, caller, services)).version)
    return _one_time(await services.access.accounts.reset_password(user, version=version, by=caller.ledger_name))


@router.get("/{user}/sessions")
async def list_sessions(user: str, caller: CallerHere, services: ServicesHere) -> Page[SessionItem]:
    await _enter(user, caller, services)
    return session_page(services, user, caller.principal.session_id)


@router.delete("/{user}/sessions/{session}", status_code=status.HTTP_204_NO_CONTENT)
async def revoke_session(user: str, session: str, caller: CallerHere, services: ServicesHere) -> None:
    """End one session; its WebSockets close at once."""
    await caller.enter(session_object(session, services.access.sessions.get(session), user))
    await services.access.accounts.revoke_session(session, action=caller.action, by=caller.ledger_name)


async def _enter(user: str, caller: Caller, services: Services) -> Account:
    account = await services.access.accounts.find(user)
    await caller.enter(user_object(user, account))
    assert account is not None  # the guard lets nobody in to what does not exist
    return account


def _one_time(made: NewAccount) -> OneTimePassword:
    assert made.password is not None  # none was given
    return OneTimePassword(name=made.name, role=made.role, password=made.password)


def _user(account: Account, services: Services) -> User:
    return User(
        name=account.name,
        role=account.role,
        unit=account.unit,
        enabled=account.enabled,
        must_change_password=account.must_change_password,
        created_at=iso_from_ns(account.created_utc_ns),
        last_login=iso_or_none(account.last_login_utc_ns),
        sessions=len(services.access.sessions.of_user(account.name)),
        version=account.version,
    )
