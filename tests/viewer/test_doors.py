"""Every principal × every door × own, other, missing: generated from the doors, driven over the real server."""

import re

import httpx
import pytest
import pytest_asyncio
from fastapi import APIRouter, FastAPI
from fastapi.routing import APIRoute
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from gateway.stream import AlarmKind
from recorder import KeepingKind
from tests.viewer.conftest import furnished, open_front, tokens_of
from viewer.access import DOORS, TABLE, WEBSOCKET, Action, DoorWithoutRow, GuardedRoute, Kind, Role, Scope, accepts
from viewer.app import _routes, check_doors

UNITS = (None, "north")
PRINCIPALS = [None, *((role, unit) for role in Role for unit in UNITS)]
ADMINS = (Role.SYSTEM_ADMIN, Role.SECURITY_ADMIN, Role.AUDITOR)
IDS = {
    Kind.UNIT: {"own": "north", "other": "south", "missing": "nowhere"},
    Kind.CHECKPOINT: {"own": "cp-north", "other": "cp-south", "missing": "nowhere"},
    Kind.DEVICE: {"own": "dev-north", "other": "dev-south", "missing": "nowhere"},
    Kind.USER: {"own": "victim", "other": "victim", "missing": "nobody"},
}
NO_TIME = {"from": "2027-01-02T00:00:00Z", "to": "2027-01-01T00:00:00Z"}
# Bodies that name the object; each is wrong in another field, so that nothing is made when the guard lets it pass.
BODIES = {
    Action.UNIT_CREATE: lambda thing: {"name": " ", "parent": thing},
    Action.CHECKPOINT_CREATE: lambda thing: {"name": " ", "unit": thing},
    Action.DEVICE_PLACE: lambda thing: {"id": "!", "checkpoint": thing},
    Action.USER_CREATE: lambda _: {"name": "!", "role": "reviewer"},
    Action.DEVICE_HAND_OVER: lambda _: {"certificate_no": " "},
    Action.DEVICE_SET_SOURCE: lambda _: {"url": "!"},
    Action.CASE_CREATE: lambda thing: {
        "unit": thing,
        "case_no": " ",
        "cause": "x",
        "field": "ecology",
        "procedure": "summary",
    },
    Action.PLAYBACK_OPEN: lambda thing: {"devices": [thing], "purpose": "why", **NO_TIME},
    Action.CLIP_CREATE: lambda thing: {"device": thing},
    Action.HOLD_CREATE: lambda thing: {"device": thing},
    Action.CLIP_ASK_REMOVAL: lambda _: {"reason": "why"},
    Action.HOLD_ASK_REMOVAL: lambda _: {"reason": "why"},
    Action.EXPORT_CREATE: lambda thing: {"clips": [thing], "reason": " "},
    Action.RETENTION_SET: lambda _: {"note": " "},
    Action.BACKFILL_PLACE: lambda _: {"start": "2027-01-15T08:00:00Z", "note": "why"},
    Action.BACKFILL_REJECT: lambda _: {"note": "why"},
    Action.PASSWORD_CHANGE: lambda _: {"current": "x", "new": "x"},
}
CASE_NAMED = (Action.RECORDING_READ, Action.TIMELINE_READ, Action.ORIGINAL_DOWNLOAD, Action.EXPORT_DOWNLOAD)


def expected(principal, action, scope):
    """From the row alone: 401, 403, 404, or None where the door opens."""
    row = TABLE[action]
    if row.scope is Scope.OPEN or row.scope is Scope.MACHINE:
        return None
    if principal is None:
        return 401
    role, unit = principal
    if role not in row.roles:
        return 403
    # Originals that lie nowhere yet are opened by no case; one that does is in test_backfill.
    passes = 403 if action is Action.ORIGINAL_DOWNLOAD and role is Role.REVIEWER else None
    if row.kind is Kind.NOTHING or scope == "own":
        return passes
    if scope == "missing":
        return 404
    if row.scope is Scope.OWN:
        return 404
    return 404 if row.scope is Scope.UNIT and unit is not None else passes


def allowed_pair(principal):
    """Administrators belong to no unit, a unit user to one."""
    if principal is None:
        return True
    role, unit = principal
    return role is not Role.UNIT_USER if unit is None else role not in ADMINS


def name_of(principal):
    if principal is None:
        return ""
    role, unit = principal
    return f"door.{role.value}.{unit or 'all'}"  # nobody else logs in by this name: people have a few sessions only


PEOPLE = tuple((name_of(each), *each) for each in PRINCIPALS if each is not None and allowed_pair(each))


# In the event loop of the session, where the front is whose doors change nothing.
IN_ONE_LOOP = pytest.mark.asyncio(loop_scope="session")


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def front_to_read(tmp_path_factory):
    """One for all doors that only read: to open one costs as much as all who ask at a door."""
    async with open_front(furnished(tmp_path_factory.mktemp("doors"), PEOPLE)) as opened:
        await opened.session("victim", Role.SUPERVISOR)
        yield opened


@pytest_asyncio.fixture(loop_scope="session")
async def front(request, tmp_path, front_to_read):
    """With everybody in it, for the door that the test is of."""
    door = request.node.callspec.params["door"] if hasattr(request.node, "callspec") else ("",)
    if door[0] == "GET":
        yield front_to_read
        return
    async with open_front(furnished(tmp_path, PEOPLE)) as opened:
        await opened.session("victim", Role.SUPERVISOR)
        yield opened


async def request_of(front, door, scope, name, token=""):
    """Path, query and body that ask for the object of this scope."""
    method, path = door
    action = DOORS[door]
    kind = TABLE[action].kind
    thing = IDS.get(kind, {}).get(scope, "")
    if kind is Kind.SESSION:
        own = action is Action.SESSION_REVOKE_OWN
        owner = name if own and scope == "own" else "victim"
        token = await front.session(owner or "victim", Role.SUPERVISOR)
        thing = "missing" if scope == "missing" else front.access.sessions.find(token).id
        path = path.replace("{user}", "victim")
    if kind is Kind.STREAM_PASSWORD:
        owner = (name if scope == "own" else "") or "victim"
        thing = "missing" if scope == "missing" else await front.stream_password(owner)
    if kind is Kind.ALARM:
        devices = IDS[Kind.DEVICE]
        thing = "missing" if scope == "missing" else (await front.alarm(AlarmKind.DEVICE_OFFLINE, devices[scope])).id
    if kind is Kind.CASE:
        thing = "missing" if scope == "missing" else (await front.case(IDS[Kind.UNIT][scope])).id
    if kind is Kind.KEPT:
        noun = KeepingKind(path.split("/")[3].removesuffix("s"))
        thing = "missing" if scope == "missing" else (await front.keep(noun, IDS[Kind.DEVICE][scope])).id
    if kind is Kind.EXPORT and action is Action.EXPORT_CREATE:
        thing = "missing" if scope == "missing" else (await front.keep(KeepingKind.CLIP, IDS[Kind.DEVICE][scope])).id
    elif kind is Kind.EXPORT:
        thing = "missing" if scope == "missing" else await front.package(IDS[Kind.DEVICE][scope])
    if kind is Kind.BACKFILL:
        thing = "missing" if scope == "missing" else (await front.backfill(IDS[Kind.DEVICE][scope])).id
    if action is Action.BACKFILL_UPLOAD and "{upload}" in path:
        front.services.backfill.uploads._uploads.clear()  # a device may have eight
        thing = "missing" if scope == "missing" else await front.upload(IDS[Kind.DEVICE][scope])
    if kind is Kind.VIEW:
        path = path.replace("{device}", "dev-north")
        mine = scope == "own" and token and front.access.sessions.find(token).principal.role in TABLE[action].roles
        opener = token if mine else await front.session("victim", Role.SUPERVISOR)
        open_view = front.playback if action is Action.PLAYBACK_READ else front.view
        thing = "missing" if scope == "missing" else await open_view("dev-north", opener)
        path = path.replace("{segment}", front.one_segment("dev-north"))
    if action is Action.CERTIFICATE_READ:
        nothing = {"segments": 0, "bytes": 0, "footage": []}
        thing = str(
            (await front.services.ledger.append(principal="system", action="deletion.footage", detail=nothing)).n
        )
    path = re.sub(r"{[^}]+}", thing, path)
    query = {}
    if action is Action.RECORDING_READ:
        query = {"device": thing, "from": "2027-01-01T00:00:00Z", "to": "2027-01-02T00:00:00Z"}
    if action is Action.PLAYBACK_READ:
        query = {"device": "dev-north", "time": "2027-01-15T07:59:59.999Z"}  # the row's
    if action is Action.TIMELINE_READ:
        query = {"device": "dev-north", "from": "2027-01-01T00:00:00Z", "to": "2027-01-02T00:00:00Z"}
    if action is Action.RETENTION_READ:
        query = {"device": thing, "at": "2027-01-01T00:00:00Z"}
    if action is Action.BACKFILL_UPLOAD:
        query = {"device": thing}
    if action is Action.ORIGINAL_DOWNLOAD:
        query = {"reason": "why"}
    if action is Action.LIVE_VIEW:
        query = {"purpose": "duty"}
    if action is Action.EXPORT_DOWNLOAD:
        query = {"reason": "court"}
    case = await case_of(front, name, scope)
    if case and action in CASE_NAMED:
        query["case"] = case
    body = BODIES.get(action, lambda _: {})(thing)
    if path.endswith("/estimate"):
        body = {"clips": [thing]}
    if action is Action.EXPORT_CREATE:
        body["case"] = case
    return path, query, body if method in ("POST", "PUT", "PATCH") else None


async def case_of(front, name, scope):
    """Who reviews names a case of theirs, which opens what the door is asked for if that is theirs too."""
    if ".reviewer." not in name:
        return ""
    return await front.at_hand("south" if scope == "other" and name.endswith(".all") else "north")


async def answer_of(front, door, scope, name, token):
    path, query, body = await request_of(front, door, scope, name, token)
    if door[0] == WEBSOCKET:
        return await socket_answer(front, path, query, token)
    answer = await front.plain.ask(door[0], path, query=query, json=body, token=token)
    return answer.status, answer.text


async def socket_answer(front, path, query, token):
    target = front.ws_url + path + "?" + "&".join(f"{key}={value}" for key, value in query.items())
    headers = {"Cookie": f"session={token}"} if token else {}
    try:
        async with connect(target, origin=front.base_url, additional_headers=headers):
            return 101, ""
    except InvalidStatus as refusal:
        return refusal.response.status_code, refusal.response.body.decode()


@IN_ONE_LOOP
@pytest.mark.parametrize("door", [door for door in DOORS if DOORS[door] is not Action.SESSION_OPEN], ids=" ".join)
async def test_a_door_opens_to_whom_the_table_says(front, door):
    action, tokens = DOORS[door], tokens_of(PEOPLE)
    scopes = ("own",) if TABLE[action].kind is Kind.NOTHING else ("own", "other", "missing")
    for principal in filter(allowed_pair, PRINCIPALS):
        name = name_of(principal)
        token, texts = tokens.get(name, ""), {}
        for scope in scopes:
            status, texts[scope] = await answer_of(front, door, scope, name, token)
            wanted = expected(principal, action, scope)
            if wanted is None:
                assert status not in (401, 403, 404, 500) or action is Action.APP_READ, (principal, scope, texts[scope])
            else:
                assert status == wanted, (principal, scope, texts[scope])
        hidden = [texts[scope] for scope in scopes if expected(principal, action, scope) == 404]
        assert len(set(hidden)) <= 1, f"{principal} can tell foreign from missing"


@IN_ONE_LOOP
@pytest.mark.parametrize(
    "door", [door for door, action in DOORS.items() if action is not Action.APP_READ], ids=" ".join
)
async def test_an_account_with_a_one_time_password_passes_three_doors_only(front, door):
    action = DOORS[door]
    if TABLE[action].scope in (Scope.OPEN, Scope.MACHINE):
        return
    role = min(TABLE[action].roles)
    path, query, body = await request_of(front, door, "own", "new")
    token = await front.session("new", role, "north" if role is Role.UNIT_USER else None, must_change=True)
    if door[0] == WEBSOCKET:
        status, _ = await socket_answer(front, path, query, token)
    else:
        status = (await front.plain.ask(door[0], path, query=query, json=body, token=token)).status
    passes = action in (Action.SESSION_READ, Action.SESSION_CLOSE, Action.PASSWORD_CHANGE)
    assert (status == 403) is not passes


# The build stops


def doors_with(route=None, without=None):
    routes = [one for one in _routes(None).router.routes if getattr(one, "path", None) != without]
    return [*routes, *([route] if route else [])]


async def nothing():
    pass


def test_the_doors_as_they_are_pass():
    check_doors(doors_with())


def test_a_route_without_a_row_stops_the_build():
    with pytest.raises(DoorWithoutRow, match=r"route without a row.*/api/v1/secrets"):
        check_doors(doors_with(GuardedRoute("/api/v1/secrets", nothing, methods=["GET"])))


def test_a_row_without_a_route_stops_the_build():
    with pytest.raises(DoorWithoutRow, match=r"row without a route.*/api/v1/audit/verify"):
        check_doors(doors_with(without="/api/v1/audit/verify"))


def test_a_route_that_does_not_pass_the_guard_stops_the_build():
    with pytest.raises(DoorWithoutRow, match="use GuardedRoute"):
        check_doors(doors_with(APIRoute("/api/v1/devices", nothing, methods=["GET"])))
    mounted = FastAPI()
    mounted.mount("/files", FastAPI())
    with pytest.raises(DoorWithoutRow, match="/files"):
        check_doors(mounted.router.routes[-1:])


def test_a_socket_that_does_not_say_what_it_accepts_stops_the_build():
    router = APIRouter()

    async def silent():
        pass

    router.websocket("/ws/live/{device}")(silent)
    with pytest.raises(DoorWithoutRow, match="use @accepts"):
        check_doors(doors_with(router.routes[0], without="/ws/live/{device}"))


def test_a_message_without_a_row_stops_the_build():
    router = APIRouter()

    @router.websocket("/ws/live/{device}")
    @accepts("rewind")
    async def talkative():
        pass

    with pytest.raises(DoorWithoutRow, match=r"message without a row.*rewind"):
        check_doors(doors_with(router.routes[0], without="/ws/live/{device}"))


def test_an_action_without_a_row_in_the_policy_stops_the_build(monkeypatch):
    monkeypatch.delitem(TABLE, Action.AUDIT_READ)
    with pytest.raises(DoorWithoutRow, match="action without a row"):
        check_doors(doors_with())


@IN_ONE_LOOP
async def test_a_handler_that_forgets_the_guard_lets_nothing_out(front):
    async def forgetful() -> dict[str, str]:
        return {"secret": "x"}

    app = front.services.access  # the real app's state, with one bad route in place of a good one
    bad = FastAPI()
    bad.state.access = app
    bad.router.routes.append(GuardedRoute("/api/v1/overview", forgetful, methods=["GET"]))
    token = await front.session("li.wei", Role.SUPERVISOR)
    transport = httpx.ASGITransport(bad)
    async with httpx.AsyncClient(transport=transport, base_url="http://t", cookies={"session": token}) as client:
        with pytest.raises(RuntimeError, match="without asking the guard"):
            await client.get("/api/v1/overview")
