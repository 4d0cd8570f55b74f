"""Who stands at the door: cookie, origin, and the guard bound to this request.

A route takes `caller: CallerHere` and says `await caller.enter(thing)` before it does anything. The
same holds for a WebSocket, before `accept`. Not here: the verdict (`policy`), the entry (`guard`).

A few doors open to a stream password too (`doors.BY_STREAM_PASSWORD`). A request that shows a bearer there is judged by
it alone.

Origin rule: every unsafe method and every WebSocket must carry an `Origin` that is this server's
own. Browsers always send it; another program must say it too, so that no case is left open. It does not hold
where no cookie counts (`doors.WITHOUT_COOKIE`): there nobody is let in by what a browser adds by itself.

Use of a session is a change that was asked for, and the `active` message of /ws/events, which says that a
person did something. Reads, WebSockets and views are none: a page left alone makes them too, each time something
is pushed to it, and would be logged in until somebody finds it.
"""

from collections.abc import Callable, Coroutine, Mapping
from typing import Annotated, Any

from fastapi import Depends, Request, Response
from fastapi.routing import APIRoute
from starlette.requests import HTTPConnection
from starlette.types import Scope

from storage.ledger import JsonValue
from viewer.access.access import Access
from viewer.access.actions import Action
from viewer.access.doors import BY_ITSELF, BY_STREAM_PASSWORD, DOORS, MESSAGES, WEBSOCKET, WITHOUT_COOKIE
from viewer.access.errors import ForeignOrigin, InsecureTransport, Refused, WrongStreamPassword
from viewer.access.guard import Guard, ledger_name
from viewer.access.login import Peer
from viewer.access.peer import is_from_this_machine, is_loopback, is_secure, peer_of
from viewer.access.policy import NOTHING, Object, Verdict, may
from viewer.access.roles import Principal
from viewer.access.sessions import ABSOLUTE_S, Session
from viewer.access.stream_passwords import StreamPassword

SECURE_COOKIE = "__Host-session"
LOOPBACK_COOKIE = "session"
BEARER_LENGTH_MAX = 256  # a stream password has 26 letters
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})

_SCOPE_KEY = "mingjing.caller"


class Caller:
    """One request or WebSocket: who, from where, through which door."""

    def __init__(
        self,
        guard: Guard,
        principal: Principal | None,
        peer: Peer,
        action: Action,
        *,
        on_machine: bool,
        stream_password: StreamPassword | None = None,
    ) -> None:
        self.peer = peer
        self.action = action
        self.stream_password = stream_password  # by which the person is let in, instead of a login
        self.entered = False
        self._guard = guard
        self._principal = principal
        self._on_machine = on_machine

    @property
    def principal(self) -> Principal:
        """The person. Only behind doors that are not open to everybody."""
        if self._principal is None:
            raise Refused(Verdict.UNAUTHENTICATED, self.action)
        return self._principal

    @property
    def ledger_name(self) -> str:
        """How the ledger calls this person."""
        return ledger_name(self.principal)

    async def enter(self, thing: Object = NOTHING, detail: Mapping[str, JsonValue] | None = None) -> Principal:
        """Pass the guard for the action of this door, done to `thing`. Returns who passed.

        Raises:
            Refused: the policy says no.
            LedgerUnavailable: the view cannot be recorded, so there is none.
        """
        await self.enter_open(thing, detail)
        return self.principal

    async def enter_open(self, thing: Object = NOTHING, detail: Mapping[str, JsonValue] | None = None) -> None:
        """`enter` for doors that are open to everybody."""
        facts = {**(detail or {}), "peer": self.peer.address}
        await self._guard.enter(self._principal, self.action, thing, facts, on_machine=self._on_machine)
        self.entered = True

    async def enter_also(self, action: Action, thing: Object, detail: Mapping[str, JsonValue] | None = None) -> None:
        """Pass the guard for a second thing that the same request touches, as where a device is moved to.

        Raises:
            Refused, LedgerUnavailable: as `enter`.
        """
        await self._guard.enter(self._principal, action, thing, {**(detail or {}), "peer": self.peer.address})

    def sees(self, action: Action, thing: Object) -> bool:
        """Whether a list may show this thing. Nothing is recorded."""
        return may(self._principal, action, thing)

    def may_say(self, path: str, message_type: str) -> bool:
        """Whether this client may send this type of message on the WebSocket of this path."""
        action = MESSAGES.get((path, message_type))
        return action is not None and may(self._principal, action, NOTHING)


class GuardedRoute(APIRoute):
    """A route that asks the guard before it reads the request, and lets out no answer that was not granted."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()

        async def guarded(request: Request) -> Response:
            caller = await authenticate(request)
            response = await handle(request)
            if not caller.entered:
                raise RuntimeError(f"{request.method} {self.path} answered without asking the guard")
            return response

        return guarded


async def authenticate(connection: HTTPConnection) -> Caller:
    """Who is at this door, if the door is for such people at all. For HTTP and, before `accept`, WebSockets.

    Raises:
        ForeignOrigin: the page that asks is not ours.
        Refused: nobody is logged in, or the role never passes here.
        InsecureTransport: a stream password was shown where others could read it.
        WrongStreamPassword: what was shown is none.
    """
    access: Access = connection.app.state.access
    action = _action_of(connection.scope)
    token = ""
    session: Session | None = None
    password: StreamPassword | None = None
    if (bearer := _bearer(connection)) is not None:
        require_private_transport(connection)
        password = access.stream_passwords.prove_bearer(bearer)
        principal = None if password is None else await access.stream_passwords.principal(password)
        if principal is None:
            raise WrongStreamPassword
    else:
        if action not in WITHOUT_COOKIE:
            _check_origin(connection)
            token = session_token(connection)
        session = access.sessions.find(token) if token else None
        principal = session.principal if session is not None else None
    peer = peer_of(connection)
    on_machine = is_from_this_machine(connection)
    await access.guard.admit(principal, action, {"peer": peer.address}, on_machine=on_machine)
    if session is not None and not _only_looks(connection) and action not in BY_ITSELF:
        access.sessions.use(session.id)
    caller = Caller(access.guard, principal, peer, action, on_machine=on_machine, stream_password=password)
    connection.scope[_SCOPE_KEY] = caller
    return caller


async def _caller(connection: HTTPConnection) -> Caller:
    known: Caller | None = connection.scope.get(_SCOPE_KEY)
    return known if known is not None else await authenticate(connection)


CallerHere = Annotated[Caller, Depends(_caller)]


def session_token(connection: HTTPConnection) -> str:
    """The token of the cookie that belongs to this kind of connection; empty when there is none."""
    return connection.cookies.get(SECURE_COOKIE if is_secure(connection) else LOOPBACK_COOKIE, "")


def set_session_cookie(request: Request, response: Response, token: str) -> None:
    secure = is_secure(request)
    response.set_cookie(
        SECURE_COOKIE if secure else LOOPBACK_COOKIE,
        token,
        max_age=ABSOLUTE_S,
        path="/",
        secure=secure,
        httponly=True,
        samesite="strict",
    )


def clear_session_cookie(request: Request, response: Response) -> None:
    secure = is_secure(request)
    name = SECURE_COOKIE if secure else LOOPBACK_COOKIE
    response.delete_cookie(name, path="/", secure=secure, httponly=True, samesite="strict")


def require_private_transport(request: HTTPConnection) -> None:
    """A password is taken over TLS, or from this machine.

    Raises:
        InsecureTransport: others on the network could read it.
    """
    if not is_secure(request) and not (request.client is not None and is_loopback(request.client.host)):
        raise InsecureTransport("This connection can be read by others.", fix="Open the https address of this server.")


def _action_of(scope: Scope) -> Action:
    method, path = _door_of(scope)
    if method == "HEAD" and (method, path) not in DOORS:
        method = "GET"
    return DOORS[method, path]


def _door_of(scope: Scope) -> tuple[str, str]:
    route = scope["route"]
    return WEBSOCKET if scope["type"] == "websocket" else scope["method"], route.path


def _bearer(connection: HTTPConnection) -> str | None:
    """What is shown as a bearer, at a door where one counts."""
    if _door_of(connection.scope) not in BY_STREAM_PASSWORD:
        return None
    scheme, _, text = connection.headers.get("authorization", "").partition(" ")
    return text.strip()[:BEARER_LENGTH_MAX] if scheme.lower() == "bearer" else None


def _only_looks(connection: HTTPConnection) -> bool:
    return connection.scope["type"] == "websocket" or connection.scope["method"] in SAFE_METHODS


def _check_origin(connection: HTTPConnection) -> None:
    if connection.scope["type"] == "http" and _only_looks(connection):
        return
    own = f"{'https' if is_secure(connection) else 'http'}://{connection.headers.get('host', '')}"
    if connection.headers.get("origin", "").lower() != own.lower():
        raise ForeignOrigin("This request does not come from a page of this server.", fix=f"Send Origin: {own}")
