"""Every operation of the API, driven from its own description (schemathesis): no 5xx, and answers are as described.

Requests are made both as the description allows and as it forbids. They go to a house of their own, for they
remove devices and end sessions. The suite tries each operation as somebody who may, and as nobody; with
FAULTS_FULL=1 as each role, and much more often.
"""

import asyncio
import contextlib
import os
import random
from collections.abc import Iterator

import httpx
import pytest
import requests
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import APIOperation, Case, GenerationMode, openapi
from schemathesis.checks import FailureGroup, not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.house.furniture import PASSWORD
from tests.house.house import House
from viewer.openapi import OPENAPI_JSON

FULL = "FAULTS_FULL" in os.environ
POSITIVE, NEGATIVE = (60, 60) if FULL else (2, 2)  # examples of each operation and person
TIMEOUT_S = 20
CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]
PROBLEM = "application/problem+json"
NOBODY = ""
EVERYBODY = ("sysadmin", "secadmin", "auditor", "siteadmin", "supervisor", "supervisor.north", "reviewer", NOBODY)
# Who may, by the first word of the path; else the supervisor.
ADMITTED = {
    "users": "secadmin", "audit": "auditor", "system": "sysadmin", "devices": "siteadmin", "units": "siteadmin",
    "checkpoints": "siteadmin", "cases": "reviewer",
}  # fmt: skip
REAL = {
    "device": "dev1", "unit": "north", "checkpoint": "gate-north", "user": "guest1", "session": "x", "alarm": "x",
    "password": "x", "case": "x", "system": "s", "number": "1",
}  # fmt: skip


class Persons:
    """Sessions of everybody; one that was ended by a request is begun anew."""

    def __init__(self, http_url: str) -> None:
        self._http_url = http_url
        self._tokens: dict[str, str] = {}

    def headers(self, name: str) -> dict[str, str]:
        headers = {"Origin": self._http_url}
        if name != NOBODY:
            headers["Cookie"] = f"session={self._token(name)}"
        return headers

    def forget(self, name: str) -> None:
        self._tokens.pop(name, None)

    def _token(self, name: str) -> str:
        if name not in self._tokens:
            with httpx.Client(base_url=self._http_url, headers={"Origin": self._http_url}) as client:
                answer = client.post("/api/v1/login", json={"username": name, "password": PASSWORD})
            self._tokens[name] = answer.cookies.get("session", "gone")
        return self._tokens[name]


def operations() -> list[APIOperation]:
    schema = openapi.from_path(OPENAPI_JSON)
    return [result.ok() for result in schema.get_all_operations()]


def callers(operation: APIOperation) -> tuple[str, ...]:
    if FULL:
        return EVERYBODY
    return ADMITTED.get(operation.path.split("/")[3], "supervisor"), NOBODY


def drawn(operation: APIOperation, mode: GenerationMode, count: int) -> list[Case]:
    cases: list[Case] = []

    @settings(
        max_examples=count, database=None, deadline=None, phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(case=operation.as_strategy(generation_mode=mode))
    def draw(case: Case) -> None:
        cases.append(case)

    with contextlib.suppress(Unsatisfiable):  # where every text is allowed, nothing is forbidden
        draw()
    return cases


def cases_of(operation: APIOperation, chance: random.Random) -> Iterator[Case]:
    yield from (real(case, chance) for case in drawn(operation, GenerationMode.POSITIVE, POSITIVE))
    # Words of a path and an If-Match are free text: nothing is forbidden there, and finding that out takes a second.
    if operation.body or any(parameter.location.name == "QUERY" for parameter in operation.iter_parameters()):
        yield from drawn(operation, GenerationMode.NEGATIVE, NEGATIVE)


def real(case: Case, chance: random.Random) -> Case:
    """Half of the time the thing that is meant is there."""
    for name in case.path_parameters or {}:
        if name in REAL and chance.random() < 0.5:
            case.path_parameters[name] = REAL[name]
    return case


@pytest.mark.timeout(3_600 if FULL else 120)
async def test_no_request_makes_a_house_error_and_every_answer_is_as_described(house: House):
    played = await asyncio.to_thread(play_all, house)
    assert played > 100
    assert not house.server.ended
    assert "Traceback" not in house.server.log


@pytest.mark.parametrize(
    ("status", "kind", "body"),
    [
        (500, PROBLEM, b"{}"),
        (200, "application/json", b'{"items": 1}'),
        (404, "text/plain", b"no"),
        (404, PROBLEM, b"{}"),
    ],
    ids=["5xx", "not the shape", "not the type", "no problem"],
)
def test_the_checks_bite(status: int, kind: str, body: bytes) -> None:
    operation = next(one for one in operations() if (one.method, one.path) == ("get", "/api/v1/devices"))
    answer = requests.Response()
    answer.status_code, answer._content, answer.headers["content-type"] = status, body, kind
    answer.request = requests.Request("GET", "http://127.0.0.1/api/v1/devices").prepare()
    with pytest.raises(FailureGroup):
        operation.Case().validate_response(answer, checks=CHECKS)


def play_all(house: House) -> int:
    seed = random.getrandbits(32)
    chance = random.Random(seed)
    persons = Persons(house.http_url)
    played = 0
    with requests.Session() as wire:
        for operation in operations():
            for case in cases_of(operation, chance):
                for name in callers(operation):
                    play(case, name, persons, house.http_url, wire)
                    played += 1
    return played


def play(case: Case, name: str, persons: Persons, http_url: str, wire: requests.Session) -> None:
    wire.cookies.clear()
    headers = {**dict(case.headers or {}), **persons.headers(name)}
    answer = case.call(base_url=http_url, session=wire, headers=headers, timeout=TIMEOUT_S)
    if answer.status_code == 401:
        persons.forget(name)  # perhaps it ended its own session
    case.validate_response(answer, checks=CHECKS)
    if answer.status_code >= 400:
        assert answer.headers["content-type"] == [PROBLEM], (case.as_curl_command(), answer.headers["content-type"])
