"""WHIP at the door: who comes in, what is said to those who do not, and whose a session is (RFC 9725)."""

import asyncio

import httpx
import pytest
from starlette.types import Message

from gateway.registry import RefusalReason
from gateway.webrtc.publishers import PENDING_MAX
from tests.viewer.conftest import Front
from tests.viewer.offers import CANDIDATE, FRAGMENT, RESTART, SDP
from tests.viewer.offers import PUBLISHING as OFFER
from viewer.app import build_app

SOUND_TOO = OFFER.replace("BUNDLE 0", "BUNDLE 0 1") + "\r\n".join(
    (
        *("m=audio 9 UDP/TLS/RTP/SAVPF 96", "c=IN IP4 0.0.0.0", "a=mid:1", "a=sendonly", "a=rtcp-mux"),
        *("a=rtpmap:96 opus/48000/2", ""),
    )
)


@pytest.fixture
async def key(front: Front) -> str:
    """Of dev1."""
    registry = front.services.registry
    await registry.units.create("u", name="U", principal="cli:0")
    checkpoint = await registry.checkpoints.create("cp", name="CP", unit="u", principal="cli:0")
    return (await registry.devices.register("dev1", checkpoint.id, principal="cli:0")).key


@pytest.fixture
async def device(front: Front, key: str) -> httpx.AsyncClient:
    """No page and no cookie: a recorder."""
    client = httpx.AsyncClient(base_url=front.base_url, headers={"Authorization": f"Bearer {key}"})
    front.clients.append(client)
    return client


async def opened(device: httpx.AsyncClient) -> httpx.Response:
    answer = await device.post("/whip/dev1", content=OFFER, headers=SDP)
    assert answer.status_code == 201, answer.text
    return answer


async def test_an_offer_is_answered_with_a_session(device: httpx.AsyncClient) -> None:
    answer = await opened(device)
    assert answer.headers["content-type"] == "application/sdp"
    assert answer.headers["location"].startswith("/whip/dev1/")
    assert f"a=ice-ufrag:{answer.headers['etag'].strip(chr(34))}\r\n" in answer.text
    assert "a=ice-lite" in answer.text
    assert "a=recvonly" in answer.text
    assert answer.headers["link"] == '<stun:stun.example.org>; rel="ice-server"'
    assert answer.headers["access-control-allow-origin"] == "*"


@pytest.mark.parametrize(
    ("authorization", "path"),
    [("", "dev1"), ("Bearer wrong", "dev1"), ("Basic {key}", "dev1"), ("Bearer", "dev1"), ("Bearer {key}", "ghost")],
)
async def test_nobody_comes_in_without_the_key_of_that_device(
    front: Front, device: httpx.AsyncClient, key: str, authorization: str, path: str
) -> None:
    headers = {**SDP, "Authorization": authorization.format(key=key)}
    answer = await device.post(f"/whip/{path}", content=OFFER, headers=headers)
    assert answer.status_code == 401
    assert answer.headers["access-control-allow-origin"] == "*"
    assert not len(front.services.publishing.publishers)


async def test_a_disabled_device_is_told_so(front: Front, device: httpx.AsyncClient) -> None:
    await front.services.registry.devices.disable("dev1", principal="cli:0")
    assert (await device.post("/whip/dev1", content=OFFER, headers=SDP)).status_code == 403


@pytest.mark.parametrize(
    ("offer", "status", "field", "remembered"),
    [
        ("nonsense", 400, "m-lines", RefusalReason.BAD_DESCRIPTION),
        (OFFER.replace("a=fingerprint", "a=fingerprin"), 400, "fingerprint", RefusalReason.BAD_DESCRIPTION),
        (OFFER.replace("a=ice-pwd:abcdefghijklmnopqrstuv\r\n", ""), 400, "ice-pwd", RefusalReason.BAD_DESCRIPTION),
        (SOUND_TOO, 400, "a=rtpmap", RefusalReason.BAD_DESCRIPTION),
        (OFFER.replace("H264", "VP8"), 406, "m=video", RefusalReason.CODEC_NOT_SUPPORTED),
        (SOUND_TOO.replace("opus/48000/2", "G729/8000"), 406, "m=audio", RefusalReason.CODEC_NOT_SUPPORTED),
        (OFFER.replace("sendonly", "recvonly"), 406, "m=video", RefusalReason.CODEC_NOT_SUPPORTED),
        ("a" * 70_000, 413, None, None),
    ],
)
async def test_an_offer_that_is_not_taken_is_told_what_is_wrong(
    front: Front,
    device: httpx.AsyncClient,
    offer: str,
    status: int,
    field: str | None,
    remembered: RefusalReason | None,
) -> None:
    answer = await device.post("/whip/dev1", content=offer, headers=SDP)
    assert answer.status_code == status, answer.text
    assert field is None or field in answer.json()["field"]
    assert answer.headers["access-control-allow-origin"] == "*"
    found = front.services.registry.devices.find("dev1")
    assert found is not None
    assert (found.last_refusal and found.last_refusal.reason) == remembered
    assert not len(front.services.publishing.publishers)


async def test_another_type_of_body_is_told_which_one_is_expected(device: httpx.AsyncClient) -> None:
    answer = await device.post("/whip/dev1", content=OFFER, headers={"Content-Type": "text/plain"})
    assert (answer.status_code, answer.json()["fix"]) == (415, "Send application/sdp.")


async def test_whoever_breaks_off_in_the_middle_of_an_offer_is_no_fault_of_this_server(front: Front, key: str) -> None:
    async def leaves() -> Message:
        return {"type": "http.disconnect"}

    said: list[Message] = []

    async def hear(message: Message) -> None:
        said.append(message)

    headers = [(b"authorization", b"Bearer " + key.encode()), (b"content-type", b"application/sdp")]
    scope = {"type": "http", "method": "POST", "path": "/whip/dev1", "query_string": b"", "headers": headers}
    await build_app(front.services)({**scope, "scheme": "http", "client": ("127.0.0.1", 1)}, leaves, hear)
    assert said[0]["status"] == 400


async def test_candidates_are_taken_and_a_restart_is_answered(device: httpx.AsyncClient) -> None:
    session = await opened(device)
    location, etag = session.headers["location"], session.headers["etag"]

    async def patch(body: str, **headers: str) -> httpx.Response:
        return await device.patch(location, content=body, headers={**FRAGMENT, **headers})

    assert (await patch(CANDIDATE)).status_code == 428
    assert (await patch(CANDIDATE, **{"If-Match": '"other"'})).status_code == 412
    assert (await patch(CANDIDATE, **{"If-Match": etag})).status_code == 204
    assert (await patch("a=ice-ufrag:abcd\r\n", **{"If-Match": etag})).status_code == 400
    restarted = await patch(RESTART, **{"If-Match": "*"})
    assert restarted.status_code == 200
    assert restarted.headers["etag"] != etag
    assert "a=ice-ufrag:" in restarted.text
    again = await patch(RESTART, **{"If-Match": "*"})  # the answer was lost on the network that was left
    assert (again.status_code, again.text) == (200, restarted.text)
    assert (await patch(CANDIDATE, **{"If-Match": etag})).status_code == 412


async def test_a_session_is_its_openers_alone(front: Front, device: httpx.AsyncClient) -> None:
    location = (await opened(device)).headers["location"]
    other = (await front.services.registry.devices.rotate_key("dev1", 60, principal="cli:0")).key
    for headers in ({"Authorization": f"Bearer {other}"}, {"Authorization": "Bearer wrong"}):
        assert (await device.delete(location, headers=headers)).status_code == 404
    assert (await device.delete(location.replace("dev1", "dev2"))).status_code == 404
    assert (await device.delete(location)).status_code == 200
    assert (await device.delete(location)).status_code == 404


async def test_a_page_of_another_server_may_call(device: httpx.AsyncClient) -> None:
    for path in ("/whip/dev1", "/whip/dev1/session"):
        answer = await device.options(path, headers={"Origin": "https://elsewhere.example"})
        assert answer.status_code == 204
        assert "DELETE" in answer.headers["access-control-allow-methods"]
    answer = await device.post("/whip/dev1", content=OFFER, headers={**SDP, "Origin": "https://elsewhere.example"})
    assert answer.status_code == 201


async def test_a_flood_of_offers_of_one_device_leaves_a_few_sessions(front: Front, device: httpx.AsyncClient) -> None:
    answers = await asyncio.gather(*(opened(device) for _ in range(100)))
    assert len({answer.headers["location"] for answer in answers}) == 100
    assert len(front.services.publishing.publishers) == PENDING_MAX


async def test_a_server_that_stops_or_is_full_says_when_to_come_again(
    front: Front, device: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    await opened(device)
    monkeypatch.setattr("gateway.webrtc.publishers.SESSIONS_MAX", 1)
    for _ in range(2):
        answer = await device.post("/whip/dev1", content=OFFER, headers=SDP)
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
        front.services.publishing.publishers.close()
        monkeypatch.undo()
    assert not len(front.services.publishing.publishers)
