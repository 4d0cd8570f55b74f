"""The description of the API, and the copy from which the web app's types are made."""

from viewer.access import DOORS
from viewer.app import openapi
from viewer.openapi import OPENAPI_JSON, openapi_text


def test_the_copy_of_the_web_app_is_current():
    assert OPENAPI_JSON.read_text(encoding="utf-8") == openapi_text(), "run `python -m viewer.openapi` and commit"


def test_it_describes_every_resource_under_a_name_of_its_own():
    operations = {
        (method.upper(), path): operation["operationId"]
        for path, methods in openapi()["paths"].items()
        for method, operation in methods.items()
    }
    assert set(operations) == {door for door in DOORS if door[1].startswith("/api/v1/")}
    assert len(set(operations.values())) == len(operations)


def test_every_error_in_it_is_a_problem():
    description = openapi()
    for methods in description["paths"].values():
        for operation in methods.values():
            assert "422" not in operation["responses"]
            assert "application/problem+json" in operation["responses"]["default"]["content"]
    assert "HTTPValidationError" not in description["components"]["schemas"]


async def test_the_server_serves_the_same(front):
    assert (await front.client().get("/api/openapi.json")).json() == openapi()
