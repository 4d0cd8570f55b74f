"""What every answer carries, whoever asks for whatever."""

import re

import pytest

from tests.viewer.conftest import open_front
from viewer.access import Role
from viewer.headers import CONTENT_SECURITY_POLICY

PATHS = ["/", "/healthz", "/api/openapi.json", "/api/v1/devices", "/api/v1/nothing", "/assets/none.js", "/ws/events"]


@pytest.mark.parametrize("path", PATHS)
async def test_every_answer_carries_the_security_headers(front, path):
    for client in (front.client(), await front.person(Role.SITE_ADMIN)):
        headers = (await client.get(path)).headers
        assert headers["content-security-policy"] == CONTENT_SECURITY_POLICY
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["x-frame-options"] == "DENY"
        assert headers["referrer-policy"] == "no-referrer"
        assert headers["cache-control"] in ("no-store", "no-cache")  # the latter is the app's page, when it is built
        assert "server" not in headers


def test_the_policy_allows_nothing_inline_and_nothing_from_elsewhere():
    directives = dict(part.split(" ", 1) for part in CONTENT_SECURITY_POLICY.split("; "))
    assert directives["default-src"] == "'none'"
    assert directives["frame-ancestors"] == "'none'"
    assert directives["script-src"] == "'self'"
    assert not re.search(r"unsafe|\*|http", CONTENT_SECURITY_POLICY)


async def test_the_camera_is_for_the_publish_page_alone(front):
    client = front.client()
    assert "camera=()" in (await client.get("/live")).headers["permissions-policy"]
    assert "camera=(self)" in (await client.get("/publish")).headers["permissions-policy"]
    assert "camera=()" in (await client.get("/publish/../live")).headers["permissions-policy"]


async def test_behind_a_tls_proxy_browsers_are_told_to_stay_with_https(tmp_path):
    async with open_front(tmp_path, trusted_proxies=("127.0.0.1",)) as front:
        answer = await front.client().get("/healthz", headers={"X-Forwarded-Proto": "https"})
        assert answer.headers["strict-transport-security"] == "max-age=31536000"
        assert "strict-transport-security" not in (await front.client().get("/healthz")).headers
