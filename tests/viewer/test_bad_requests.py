"""Hostile requests: whatever is sent, the answer is a problem, never a house error, and the server goes on."""

import json

import pytest
import pytest_asyncio
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.house.bounds import FULL
from tests.viewer.conftest import furnished, open_front
from viewer.access import DOORS, WEBSOCKET, Role

NASTY = [
    "\x00",
    "..",
    "../../etc/passwd",
    "%2e%2e%2f",
    "‮gnp.exe",
    "\ud800",
    "x" * 70,
    "=cmd|' /C calc'!A0",
    "' OR 1=1 --",
    "<script>alert(1)</script>",
    "𠀀" * 20,
    "",
]
VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=300),
    st.sampled_from(NASTY),
    st.lists(st.integers(), max_size=3),
    st.dictionaries(st.text(max_size=5), st.integers(), max_size=3),
)
FIELDS = [
    "id",
    "name",
    "unit",
    "parent",
    "checkpoint",
    "role",
    "latitude",
    "longitude",
    "address",
    "model",
    "overlap_s",
    "case_no",
    "cause",
    "field",
    "procedure",
    "officers",
    "party",
    "stages",
    "external",
    "note",
    "digest",
    "devices",
    "purpose",
    "from",
    "to",
    "channel",
]
QUERIES = [
    "q",
    "sort",
    "cursor",
    "limit",
    "from",
    "to",
    "device",
    "channel",
    "principal",
    "action",
    "subject",
    "enabled",
    "field",
    "procedure",
    "status",
    "unit",
    "checkpoint",
    "time",
]
EXAMPLES = 60 if FULL else 10  # of each door; schemathesis tries all of them as well (tests/bad/test_rest.py)
TARGETS = sorted(
    door for door in DOORS if door[0] != WEBSOCKET and door[1].startswith("/api/v1") and "login" not in door[1]
)
ROLE_OF = {
    "users": Role.SECURITY_ADMIN,
    "audit": Role.AUDITOR,
    "cases": Role.REVIEWER,
    "recordings": Role.REVIEWER,
    "timeline": Role.REVIEWER,
    "playback": Role.REVIEWER,
    "system": Role.SYSTEM_ADMIN,
}


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def front_to_read(tmp_path_factory):
    """One for all doors that only read: to open one costs as much as to try a door."""
    async with open_front(furnished(tmp_path_factory.mktemp("bad-requests"))) as opened:
        yield opened


@pytest_asyncio.fixture(loop_scope="session")
async def front(request, tmp_path, front_to_read):
    if request.node.callspec.params.get("door", ("",))[0] == "GET":
        yield front_to_read
        return
    async with open_front(furnished(tmp_path)) as opened:
        yield opened


def fine(answer):
    if answer.status == 204 or answer.status < 300:
        return True
    return answer.status < 500 and answer.headers["content-type"] == "application/problem+json"


@pytest.mark.asyncio(loop_scope="session")
@pytest.mark.parametrize("door", TARGETS, ids=" ".join)
async def test_no_input_makes_a_house_error(front, door):
    method, path = door
    role = ROLE_OF.get(path.split("/")[3], Role.SITE_ADMIN)
    token = await front.session("fuzz", role)

    @settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck), database=None)
    @given(
        part=st.sampled_from(["dev-north", "cp-north", "north", "fuzz", *NASTY]),
        body=st.one_of(VALUES, st.dictionaries(st.sampled_from(FIELDS), VALUES)),
        query=st.dictionaries(
            st.sampled_from(QUERIES), st.one_of(st.text(max_size=60), st.sampled_from(NASTY)), max_size=4
        ),
        tag=st.sampled_from(['"1"', "*", "", 'W/"1"', '"99999999999999999999"']),
    )
    def drive(part, body, query, tag):
        requests.append((part, json.dumps(body), query, tag))

    requests = []
    drive()
    for part, body, query, tag in requests:
        target = path
        for name in ("user", "unit", "checkpoint", "device", "session", "case", "system", "number", "view", "segment"):
            target = target.replace(f"{{{name}}}", quoted(part))
        answer = await front.plain.ask(
            method,
            target,
            query={key: value.encode("utf-8", "replace").decode() for key, value in query.items()},
            body=body.encode() if method in ("POST", "PATCH", "PUT") else b"",
            token=token,
            headers={"If-Match": tag},
        )
        if answer.status == 401:  # it logged itself out
            token = await front.session("fuzz", role)
        assert fine(answer), (target, body, query, answer.status, answer.text)
    assert (await front.plain.ask("GET", "/healthz")).status == 200


def quoted(part):
    return "".join(f"%{byte:02x}" for byte in part.encode("utf-8", "replace")) or "%20"


@pytest.mark.asyncio(loop_scope="session")
@pytest.mark.parametrize(
    "body",
    [b"\xff\xfe", b"[" * 5000, b'{"username":"\\ud800","password":"x"}', b"null", b'{"username":1e400}', b"0" * 9000],
)
async def test_a_hostile_login_is_refused_as_a_problem(front, body):
    answer = await front.client().post("/api/v1/login", content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code in (400, 401, 422)
    assert answer.headers["content-type"] == "application/problem+json"
