"""One's own session and password: log in, who am I, log out, where else am I logged in."""

from typing import Annotated

from fastapi import APIRouter, Request, Response, status
from pydantic import BaseModel, ConfigDict, Field

from storage import iso_from_ns
from viewer.access import (
    ABSOLUTE_S,
    Action,
    Caller,
    CallerHere,
    GuardedRoute,
    Role,
    Session,
    allowed_actions,
    clear_session_cookie,
    require_private_transport,
    session_token,
    set_session_cookie,
)
from viewer.api.paging import Page
from viewer.objects import session_object
from viewer.services import Services, ServicesHere

NAME_LENGTH_MAX = 64
PASSWORD_LENGTH_MAX = 128

router = APIRouter(prefix="/api/v1", route_class=GuardedRoute, tags=["session"])


class Credentials(BaseModel):
    model_config = ConfigDict(extra="forbid")

    username: Annotated[str, Field(min_length=1, max_length=NAME_LENGTH_MAX)]
    password: Annotated[str, Field(min_length=1, max_length=PASSWORD_LENGTH_MAX)]
    totp: Annotated[str | None, Field(pattern=r"^\d{6}$", description="Ignored until enrolment exists.")] = None


class PasswordChange(BaseModel):
    model_config = ConfigDict(extra="forbid")

    current: Annotated[str, Field(min_length=1, max_length=PASSWORD_LENGTH_MAX)]
    new: Annotated[str, Field(max_length=PASSWORD_LENGTH_MAX)]


class SessionInfo(BaseModel):
    """Who is logged in, until when, and every action that some object would allow."""

    name: str
    role: Role
    unit: str | None
    must_change_password: bool
    actions: list[Action]
    idle_expires_at: str
    expires_at: str
    server_time: str
    version: str


class SessionItem(BaseModel):
    id: str
    name: str
    current: bool
    created_at: str
    last_used: str
    expires_at: str
    peer: str
    user_agent: str


@router.post("/login")
async def log_in(
    request: Request, response: Response, caller: CallerHere, services: ServicesHere, body: Credentials
) -> SessionInfo:
    """Begin a session. The token is in the cookie only, and a session the browser had before ends."""
    require_private_transport(request)
    await caller.enter_open()
    access = services.access
    old = access.sessions.find(session_token(request))
    session, token = await access.login.open(
        body.username, body.password, caller.peer, replaces=old.id if old is not None else None
    )
    set_session_cookie(request, response, token)
    return _session_info(session, services)


@router.get("/session")
async def read_session(caller: CallerHere, services: ServicesHere) -> SessionInfo:
    """Who am I. Asking does not count as use: the idle time goes on."""
    await caller.enter()
    return _session_info(_own(caller, services), services)


@router.delete("/session", status_code=status.HTTP_204_NO_CONTENT)
async def log_out(request: Request, response: Response, caller: CallerHere, services: ServicesHere) -> None:
    principal = await caller.enter()
    await services.access.login.close(principal)
    clear_session_cookie(request, response)


@router.post("/password")
async def change_password(
    request: Request, response: Response, caller: CallerHere, services: ServicesHere, body: PasswordChange
) -> SessionInfo:
    """Replace one's own password. Every session of the account ends but this one, which gets a new token."""
    require_private_transport(request)
    principal = await caller.enter()
    session, token = await services.access.login.change_password(principal, body.current, body.new, caller.peer)
    set_session_cookie(request, response, token)
    return _session_info(session, services)


@router.get("/session/list")
async def list_own_sessions(caller: CallerHere, services: ServicesHere) -> Page[SessionItem]:
    principal = await caller.enter()
    return session_page(services, principal.name, principal.session_id)


@router.delete("/session/list/{session}", status_code=status.HTTP_204_NO_CONTENT)
async def revoke_own_session(session: str, caller: CallerHere, services: ServicesHere) -> None:
    """End one of one's own sessions; its WebSockets close at once."""
    name = caller.principal.name
    await caller.enter(session_object(session, services.access.sessions.get(session), name))
    await services.access.accounts.revoke_session(session, action=caller.action, by=caller.ledger_name)


def session_page(services: Services, user: str, current: str) -> Page[SessionItem]:
    """All sessions of a person, the last used first; there are few."""
    found = sorted(services.access.sessions.of_user(user), key=lambda one: one.last_used_mono_ns, reverse=True)
    items = [
        SessionItem(
            id=session.id,
            name=user,
            current=session.id == current,
            created_at=iso_from_ns(session.created_utc_ns),
            last_used=iso_from_ns(session.last_used_utc_ns),
            expires_at=_absolute_end(session),
            peer=session.peer,
            user_agent=session.agent,
        )
        for session in found
    ]
    return Page(items=items, next_cursor=None, total=len(items))


def _absolute_end(session: Session) -> str:
    return iso_from_ns(session.created_utc_ns + ABSOLUTE_S * 1_000_000_000)


def _own(caller: Caller, services: Services) -> Session:
    session = services.access.sessions.get(caller.principal.session_id)
    assert session is not None  # it was found when this request came, and nothing was awaited that ends it unseen
    return session


def _session_info(session: Session, services: Services) -> SessionInfo:
    now_utc_ns, now_mono_ns = services.clock.utc_ns(), services.clock.mono_ns()
    principal = session.principal
    return SessionInfo(
        name=principal.name,
        role=principal.role,
        unit=principal.unit,
        must_change_password=principal.must_change_password,
        actions=allowed_actions(principal),
        idle_expires_at=iso_from_ns(now_utc_ns + session.deadline_mono_ns - now_mono_ns),
        expires_at=_absolute_end(session),
        server_time=iso_from_ns(now_utc_ns),
        version=services.version,
    )
