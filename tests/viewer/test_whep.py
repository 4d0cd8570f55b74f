"""WHEP at the door: who may watch, what is said to those who may not, whose a view is, and that each is on record."""

import asyncio
import json
from collections.abc import AsyncIterator
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import InvalidStatus

from gateway.stream import ViewerKind
from media import GapCause
from tests.gateway.webrtc.camera import ALAW, HIGH, MAIN, SILENT_MAIN, Camera
from tests.gateway.webrtc.rig import until
from tests.viewer.conftest import TLS, Front
from tests.viewer.offers import CANDIDATE, FRAGMENT, PUBLISHING, RESTART, SDP, WATCHING
from viewer.access import Role
from viewer.live.whep import SOCKETS_MAX

DOOR = "/whep/dev-north?purpose=duty"


@pytest.fixture
def camera(front: Front) -> Camera:
    """Sends two pictures of Constrained Baseline, and G.711."""
    made = Camera(front.hub, "dev-north", sound=ALAW)
    made.pictures(2)
    return made


@pytest.fixture
async def token(front: Front) -> str:
    return await front.session("li", Role.SUPERVISOR)


@pytest.fixture
def client(front: Front, token: str) -> httpx.AsyncClient:
    return front.client(token)


async def opened(client: httpx.AsyncClient) -> httpx.Response:
    answer = await client.post(DOOR, content=WATCHING, headers=SDP)
    assert answer.status_code == 201, answer.text
    return answer


async def entries(front: Front) -> list[tuple[str, dict[str, object]]]:
    """Of views in the ledger: action and detail, oldest first."""
    page = await front.services.ledger.query(limit=100)
    return [(one.action, one.detail) for one in reversed(page.items) if one.action.startswith("live.")]


async def recorded(front: Front, count: int) -> list[tuple[str, dict[str, object]]]:
    """So many entries of views, as soon as there are."""
    async with asyncio.timeout(5):
        while len(found := await entries(front)) < count:  # noqa: ASYNC110  nobody tells
            await asyncio.sleep(0.005)
    return found


async def status(front: Front, token: str, location: str) -> ClientConnection:
    return await connect(
        f"{front.ws_url}/ws{location}", additional_headers={"Cookie": f"session={token}"}, origin=front.base_url
    )


async def told(socket: ClientConnection, kind: str) -> SimpleNamespace:
    """The next message of this type."""
    async with asyncio.timeout(5):
        while (message := json.loads(await socket.recv()))["type"] != kind:
            pass
    return SimpleNamespace(**message)


async def test_an_offer_is_answered_with_a_view_that_is_on_record(front: Front, client, camera: Camera) -> None:
    answer = await opened(client)
    assert answer.headers["content-type"] == "application/sdp"
    location = answer.headers["location"]
    assert location.startswith("/whep/dev-north/")
    assert answer.headers["link"] == '<stun:stun.example.org>; rel="ice-server"'
    assert f"a=ice-ufrag:{answer.headers['etag'].strip(chr(34))}\r\n" in answer.text
    for line in ("a=ice-lite", "a=sendonly", "a=rtcp-fb:96 nack", "a=msid:mingjing video", "a=ssrc:"):
        assert line in answer.text
    [(action, detail)] = await entries(front)
    assert (action, detail["via"], detail["purpose"], detail["channel"]) == ("live.open", "whep", "duty", "main")
    front.clock.advance(3)
    assert (await client.delete(location)).status_code == 200
    await until(lambda: not len(front.services.viewers))
    assert (await client.delete(location)).status_code == 200  # a player says goodbye to what has ended already
    assert (await client.patch(location, content=CANDIDATE, headers=FRAGMENT)).status_code == 404
    assert not [one for one in await front.actions() if one[1] == "access.refused"]
    [_, (action, closed)] = await recorded(front, 2)
    assert (action, closed["view"], closed["seconds"]) == ("live.close", detail["view"], 3.0)
    assert (closed["units_sent"], closed["units_missed"]) == (0, 0)


@pytest.mark.parametrize(
    ("offer", "status", "why_not"),
    [
        ("nonsense", 400, None),
        (WATCHING.replace("a=fingerprint", "a=fingerprin"), 400, None),
        (WATCHING.replace("H264", "VP8"), 406, "codec_not_offered"),
        (WATCHING.replace("packetization-mode=1", "packetization-mode=0"), 406, "profile_not_offered"),
        (PUBLISHING, 406, "not_offered"),
        ("a" * 70_000, 413, None),
    ],
)
async def test_an_offer_that_is_not_taken_is_told_why_and_is_no_view(
    front: Front, client, camera: Camera, offer: str, status: int, why_not: str | None
) -> None:
    answer = await client.post(DOOR, content=offer, headers=SDP)
    assert answer.status_code == status, answer.text
    if why_not is not None:
        assert answer.json()["type"] == "urn:mingjing:problem:codec-not-carried"
        assert answer.json()["why_not"]["video"] == why_not
    assert not len(front.services.viewers)
    assert not await entries(front)
    assert front.hub.channel("dev-north", "main").viewers == 0


async def test_b_frames_and_profiles_are_told_before_anything_is_sent(front: Front, client) -> None:
    main = WATCHING.replace("42e01f", "4d001f")
    for sets, b_frame, offer, why_not in (
        (MAIN, False, WATCHING, "profile_not_offered"),
        (MAIN, False, main, None),
        (HIGH, False, main, "b_frames"),  # there may be some, as its sets say
        (SILENT_MAIN, False, main, None),
        (SILENT_MAIN, True, main, "b_frames"),  # its sets do not say so, and here they are
    ):
        camera = Camera(front.hub, "dev-north", sets=sets)
        camera.picture(key=True)
        if b_frame:
            camera.picture(show_at=3)
            camera.picture(show_at=2)
        answer = await client.post(DOOR, content=offer, headers=SDP)
        assert answer.status_code == (406 if why_not else 201), answer.text
        assert not why_not or answer.json()["why_not"]["video"] == why_not


async def test_a_device_that_does_not_send_has_nothing_to_offer(front: Front, client) -> None:
    answer = await client.post(DOOR, content=WATCHING, headers=SDP)
    assert (answer.status_code, answer.json()["type"]) == (409, "urn:mingjing:problem:device-not-sending")
    camera = Camera(front.hub, "dev-north", sound=ALAW)  # announced, and no picture yet
    for _ in range(2):
        answer = await client.post(DOOR, content=WATCHING, headers=SDP)
        assert (answer.status_code, answer.headers["retry-after"]) == (409, "1")
        for _ in range(20):
            camera.sound(size=800)  # comes first


async def test_who_may_not_watch_learns_nothing_and_is_on_record(front: Front, camera: Camera) -> None:
    southern = front.client(await front.session("wang", Role.SUPERVISOR, "south"))
    answers = [
        await southern.post(f"/whep/{device}?purpose=duty", content=WATCHING, headers=SDP)
        for device in ("dev-north", "nothing")
    ]
    assert [answer.status_code for answer in answers] == [404, 404]
    assert answers[0].text == answers[1].text
    page = await front.services.ledger.query(limit=10)
    assert [one.subject for one in page.items if one.action == "access.refused"] == ["nothing", "dev-north"]
    client = front.client(await front.session("zhao", Role.SUPERVISOR))
    assert (await client.post("/whep/dev-north", content=WATCHING, headers=SDP)).status_code == 422  # no purpose
    foreign = {**SDP, "Origin": "https://elsewhere.example"}
    assert (await client.post(DOOR, content=WATCHING, headers=foreign)).status_code == 403


async def test_a_player_on_any_page_shows_a_stream_password(front: Front, camera: Camera) -> None:
    owner = front.access.sessions.find(await front.session("li", Role.SUPERVISOR))
    assert owner is not None
    password, text = await front.access.stream_passwords.create(owner.principal, "lobby wall", "duty", 1)
    bearer = {"Authorization": f"Bearer {text}", "Origin": "https://elsewhere.example"}
    player = httpx.AsyncClient(base_url=front.base_url, headers=bearer, verify=TLS)
    front.clients.append(player)
    asked = await player.options("/whep/dev-north")
    assert (asked.status_code, asked.headers["access-control-allow-origin"]) == (204, "*")
    answer = await player.post("/whep/dev-north", content=WATCHING, headers=SDP)
    assert (answer.status_code, answer.headers["access-control-allow-origin"]) == (201, "*")
    location = answer.headers["location"]
    [(_, detail)] = await entries(front)
    assert (detail["purpose"], detail["label"], detail["stream_password"]) == ("duty", "lobby wall", password.id)
    assert password.views == 1
    assert (await front.client(await front.session("li", Role.SUPERVISOR)).delete(location)).status_code == 404
    restart = {**FRAGMENT, "If-Match": "*"}
    assert (await player.patch(location, content=RESTART, headers=restart)).status_code == 200
    assert (await player.post("/whep/nothing", content=WATCHING, headers=SDP)).status_code == 404
    assert (await player.get("/api/v1/session")).status_code == 401  # it is no login
    wrong = {**SDP, "Authorization": "Bearer wrong"}
    refused = await player.post("/whep/dev-north", content=WATCHING, headers=wrong)
    assert (refused.status_code, refused.headers["www-authenticate"].partition(" ")[0]) == (401, "Bearer")
    logged_in = front.client(await front.session("li", Role.SUPERVISOR))  # a bearer is judged by itself alone
    assert (await logged_in.post(DOOR, content=WATCHING, headers=wrong)).status_code == 401
    await front.access.stream_passwords.revoke(password.id, owner.principal)
    await until(lambda: not len(front.services.viewers))
    assert (await player.post("/whep/dev-north", content=WATCHING, headers=SDP)).status_code == 401
    assert [action for action, _ in await recorded(front, 2)] == ["live.open", "live.close"]


async def test_rights_that_are_taken_while_an_offer_is_held_back_are_asked_again(
    front: Front, camera: Camera, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Found in review: let in for good by a stream password whose owner was disabled by then."""
    owner = front.access.sessions.find(await front.session("li", Role.SUPERVISOR))
    assert owner is not None
    _, text = await front.access.stream_passwords.create(owner.principal, "wall", "duty", 1)
    let_in, admit = asyncio.Event(), front.access.guard.admit

    async def admitted(*about: Any, **more: Any) -> None:
        await admit(*about, **more)
        let_in.set()

    monkeypatch.setattr(front.access.guard, "admit", admitted)

    async def held_back() -> AsyncIterator[bytes]:
        await let_in.wait()
        await front.access.accounts.disable("li", by="cli:0")
        yield WATCHING.encode()

    headers = {**SDP, "Authorization": f"Bearer {text}", "Content-Length": str(len(WATCHING))}
    answer = await front.client().post(DOOR, content=held_back(), headers=headers)
    assert answer.status_code == 401
    assert not len(front.services.viewers)
    assert not await entries(front)


async def test_a_page_that_asks_again_by_itself_keeps_nobody_logged_in(
    front: Front, client, token: str, camera: Camera
) -> None:
    session = front.access.sessions.find(token)
    assert session is not None
    used_ns = session.last_used_mono_ns
    front.clock.advance(600)
    location = (await opened(client)).headers["location"]
    await client.delete(location)
    assert session.last_used_mono_ns == used_ns


async def test_without_the_ledger_there_is_no_view(front: Front, client, camera: Camera) -> None:
    front.disk.sick = True
    assert (await client.post(DOOR, content=WATCHING, headers=SDP)).status_code == 503
    assert not len(front.services.viewers)


async def test_candidates_are_taken_and_a_restart_is_answered(client, camera: Camera) -> None:
    view = await opened(client)
    location, etag = view.headers["location"], view.headers["etag"]

    async def patch(body: str, **headers: str) -> httpx.Response:
        return await client.patch(location, content=body, headers={**FRAGMENT, **headers})

    assert (await patch(CANDIDATE)).status_code == 428
    assert (await patch(CANDIDATE, **{"If-Match": '"other"'})).status_code == 412
    assert (await patch(CANDIDATE, **{"If-Match": etag})).status_code == 204
    assert (await patch("a=ice-ufrag:abcd\r\n", **{"If-Match": etag})).status_code == 400
    restarted = await patch(RESTART, **{"If-Match": "*"})
    assert (restarted.status_code, restarted.headers["etag"] == etag) == (200, False)
    assert (await client.options(location)).headers["accept-patch"] == FRAGMENT["Content-Type"]


async def test_a_view_is_there_for_the_login_that_opened_it_alone(front: Front, client, camera: Camera) -> None:
    location = (await opened(client)).headers["location"]
    for token in (await front.session("wang", Role.SUPERVISOR), await front.session("li", Role.SUPERVISOR)):
        assert (await front.client(token).delete(location)).status_code == 404
    assert (await client.delete(location.replace("dev-north", "dev-south"))).status_code == 404
    assert (await client.delete(location)).status_code == 200


@pytest.mark.parametrize("reason", ["revoked", "expired", "device_removed", "server_stopping", "codec_changed"])
async def test_what_ends_a_view_ends_it_by_whep(front: Front, client, token: str, camera: Camera, reason: str) -> None:
    location = (await opened(client)).headers["location"]
    socket = await status(front, token, location)
    await told(socket, "view")
    match reason:
        case "revoked":
            front.access.sessions.end([front.access.sessions.find(token).id])
        case "expired":
            front.clock.advance(3_600)
            front.access.sessions.sweep()
        case "device_removed":
            await front.registry.devices.remove("dev-north", principal="cli:0")
        case "server_stopping":
            front.services.stopping.set()
        case "codec_changed":
            Camera(front.hub, "dev-north", sets=HIGH).picture(key=True)
    assert (await told(socket, "closing")).reason == reason
    await until(lambda: not len(front.services.viewers))
    assert [action for action, _ in await recorded(front, 2)] == ["live.open", "live.close"]
    assert front.hub.channel("dev-north", "main").viewers == 0
    await socket.close()


async def test_the_status_socket_says_what_is_shown_and_how_the_channel_does(
    front: Front, client, token: str, camera: Camera
) -> None:
    location = (await opened(client)).headers["location"]
    socket = await status(front, token, location)
    view = await told(socket, "view")
    assert (view.channel, view.stream, view.talk) == ("main", camera.publication.info.stream_id, False)
    [video] = view.tracks
    assert (video["kind"], video["codec"], video["width"]) == ("video", "h264", 1280)
    assert view.why_not == {"audio": "not_offered", "talk": "no_microphone"}
    await told(socket, "online")
    camera.stop()
    assert (await told(socket, "offline")).reason == GapCause.DEVICE_STOPPED.name.lower()
    again = Camera(front.hub, "dev-north", sound=ALAW, from_s=2)
    again.picture(key=True)
    assert (await told(socket, "view")).stream == again.publication.info.stream_id
    await told(socket, "online")
    await client.delete(location)
    await socket.wait_closed()
    assert socket.close_code == 1000


async def test_a_view_outlives_its_status_socket(front: Front, client, token: str, camera: Camera) -> None:
    location = (await opened(client)).headers["location"]
    socket = await status(front, token, location)
    await told(socket, "view")
    await socket.close()
    assert len(front.services.viewers) == 1
    sockets = [await status(front, token, location) for _ in range(SOCKETS_MAX)]
    with pytest.raises(InvalidStatus):  # each is told of everything: there are no more than a page has use for
        await status(front, token, location)
    for socket in sockets:
        await socket.close()


async def test_a_server_that_stops_or_is_full_says_when_to_come_again(
    front: Front, client, camera: Camera, monkeypatch: pytest.MonkeyPatch
) -> None:
    await opened(client)
    for limit in ("SESSIONS_MAX", "SESSIONS_OF_ONE_MAX"):
        monkeypatch.setattr(f"gateway.webrtc.viewers.{limit}", 1)
        answer = await client.post(DOOR, content=WATCHING, headers=SDP)
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
        monkeypatch.undo()
    await opened(client)
    front.services.viewers.close()
    assert (await client.post(DOOR, content=WATCHING, headers=SDP)).status_code == 503
    assert front.hub.missed_units[ViewerKind.WEBRTC] == 0
