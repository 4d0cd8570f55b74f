"""The talk key of a view: who may, what is said to whom, and that nothing is said off the record.

The device is scripted and keyed on the real port; what a microphone brings is put in behind its protection.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
from websockets.asyncio.client import ClientConnection, connect

from gateway.stream import TALK_CHANNEL
from gateway.webrtc.talks import TALK_MAX_NS
from media.rtp.packet import pack_header
from tests.gateway.webrtc.camera import OPUS, Camera
from tests.gateway.webrtc.rig import until
from tests.gateway.webrtc.test_publishers import Recorder
from tests.gateway.webrtc.test_talks import LISTENS
from tests.viewer.conftest import Front
from tests.viewer.offers import SDP, WATCHING
from viewer.access import Role

DEVICE = "dev-north"
BOTH_WAYS = WATCHING.replace("BUNDLE 0", "BUNDLE 0 1").replace(
    "a=setup:actpass\r\n",
    "a=setup:actpass\r\nm=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=mid:1\r\na=sendrecv\r\na=rtcp-mux\r\n"
    "a=rtpmap:111 opus/48000/2\r\na=ice-ufrag:abcd\r\na=ice-pwd:abcdefghijklmnopqrstuv\r\n"
    f"{WATCHING.partition('a=fingerprint')[1]}{WATCHING.partition('a=fingerprint')[2].partition(chr(13))[0]}\r\n"
    "a=setup:actpass\r\n",
)


@pytest.fixture
def camera(front: Front) -> Camera:
    """The device's main channel; it takes sound by the session of its other one."""
    made = Camera(front.hub, DEVICE, sound=OPUS)
    made.pictures(2)
    made.sound()
    return made


@asynccontextmanager
async def listening(front: Front, text: str = LISTENS) -> AsyncIterator[Recorder]:
    """The device's session of its sub channel, which can be talked to if its offer says so."""
    publishers = front.services.publishing.publishers
    key = (await front.registry.devices.rotate_key(DEVICE, 0, principal="cli:0")).key
    side: Any = SimpleNamespace(
        peers=publishers._peers, publishers=publishers, key=key, device=DEVICE, channel="sub",
        house=SimpleNamespace(devices=front.registry.devices),
    )  # fmt: skip
    recorder = Recorder(side, text)
    await recorder.come()
    await until(lambda: front.hub.is_sending(DEVICE, "sub"))
    yield recorder
    recorder.close()


class Watcher:
    """Somebody who watches the device, with a microphone and a status socket."""

    def __init__(self, front: Front, token: str) -> None:
        self.front = front
        self.token = token
        self.location = ""
        self._socket: ClientConnection | None = None
        self._sequence = 0

    async def watch(self, offer: str = BOTH_WAYS) -> SimpleNamespace:
        """Open the view; what is said of it."""
        answer = await self.front.client(self.token).post(f"/whep/{DEVICE}?purpose=duty", content=offer, headers=SDP)
        assert answer.status_code == 201, answer.text
        self.location = answer.headers["location"]
        self.answer = answer.text
        cookie = {"Cookie": f"session={self.token}"}
        url = f"{self.front.ws_url}/ws{self.location}"
        self._socket = await connect(url, additional_headers=cookie, origin=self.front.base_url)  # type: ignore[arg-type]
        return await self.told("view")

    async def key(self, down: bool) -> None:
        self.front.clock.advance(0.2)  # a key chatters faster
        await self.say(json.dumps({"type": "talk", "on": down}))

    async def say(self, text: str) -> None:
        assert self._socket is not None
        await self._socket.send(text)

    async def told(self, kind: str = "talk") -> SimpleNamespace:
        """The next message of this type."""
        assert self._socket is not None
        async with asyncio.timeout(5):
            while (message := json.loads(await self._socket.recv()))["type"] != kind:
                pass
        return SimpleNamespace(**message)

    async def state(self) -> tuple[str, str | None, str | None]:
        """What is said next of talking."""
        message = await self.told()
        return message.state, message.by, message.reason

    def speak(self, frames: int) -> None:
        """This many frames come out of the microphone."""
        [session] = [one for one in self.front.services.viewers if one.id in self.location]
        assert session.viewer.microphone is not None
        for _ in range(frames):
            self.front.clock.advance(0.02)
            self._sequence += 1
            header = pack_header(0x80, 111, self._sequence, self._sequence * 960, 7)
            clock = self.front.clock
            session.viewer.microphone.receive(header + b"\xfc\x01\x02", clock.mono_ns(), clock.utc_ns())

    async def closed(self) -> None:
        """Until the server has closed the socket."""
        assert self._socket is not None
        await self._socket.wait_closed()

    async def leave(self) -> None:
        if self._socket is not None:
            await self._socket.close()


WatcherOf = Callable[..., Awaitable[Watcher]]


@pytest.fixture
async def supervisor(front: Front) -> AsyncIterator[WatcherOf]:
    """Makes a watcher of somebody; all of them leave at the end, or the server waits for them."""
    made: list[Watcher] = []

    async def watcher(name: str = "li", role: Role = Role.SUPERVISOR) -> Watcher:
        made.append(Watcher(front, await front.session(name, role)))
        return made[-1]

    yield watcher
    for one in made:
        await one.leave()


async def entries(front: Front) -> list[tuple[str, dict[str, Any]]]:
    """Of talks in the ledger, oldest first: principal and action, and detail."""
    page = await front.services.ledger.query(limit=100)
    talks = [one for one in reversed(page.items) if one.action.startswith("talk.")]
    assert {one.subject for one in talks} <= {DEVICE}
    return [(f"{one.principal} {one.action}", dict(one.detail)) for one in talks]


async def recorded(front: Front, count: int) -> list[tuple[str, dict[str, Any]]]:
    """The entries, once there are so many."""
    async with asyncio.timeout(5):
        while len(found := await entries(front)) < count:  # noqa: ASYNC110  nobody tells
            await asyncio.sleep(0.005)
    return found


async def test_a_press_is_granted_on_record_and_its_end_says_what_was_said(
    front: Front, supervisor: WatcherOf, camera: Camera
) -> None:
    li = await supervisor()
    async with listening(front):
        view = await li.watch()
        assert view.talk
        assert "talk" not in view.why_not
        assert "a=sendrecv" in li.answer
        li.speak(3)  # before the key: heard by nobody
        await li.key(True)
        assert await li.state() == ("granted", "li", None)
        [(who, opened)] = await entries(front)  # before a word
        li.speak(50)
        await li.key(False)
        assert await li.state() == ("ended", None, "released")
        li.speak(2)
        [_, (whose, closed)] = await recorded(front, 2)
    assert (who, whose) == ("user:li talk.open", "user:li talk.close")
    assert (closed["view"], closed["stream"]) == (opened["view"], opened["stream"])
    assert (closed["purpose"], closed["seconds"], closed["units"], closed["reason"]) == ("duty", 1.2, 50, "released")
    [looked] = [one for one in (await front.services.ledger.query(limit=100)).items if one.action == "live.open"]
    assert looked.detail["view"] == opened["view"]
    assert front.services.viewers.counts()["unheard_packets"] == 5
    assert front.hub.channel(DEVICE, TALK_CHANNEL).bytes > 0


async def test_one_speaks_and_the_others_know_who(front: Front, supervisor: WatcherOf, camera: Camera) -> None:
    li, wang = await supervisor(), await supervisor("wang")
    async with listening(front):
        await li.watch()
        await wang.watch()
        await li.key(True)
        assert await li.state() == ("granted", "li", None)
        assert await wang.state() == ("busy", "li", None)
        await wang.key(True)
        assert await wang.state() == ("busy", "li", "busy")
        late = await supervisor("zhao")
        await late.watch()
        assert await late.state() == ("busy", "li", None)
        await li.key(False)
        for other in (wang, late):
            assert await other.state() == ("ended", None, None)
        await wang.key(False)
        await wang.key(True)  # its first press was answered: nothing is granted behind a person's back
        assert await wang.state() == ("granted", "wang", None)
    assert [who for who, _ in await recorded(front, 3)] == [
        *("user:li talk.open", "user:li talk.close", "user:wang talk.open")
    ]


async def test_a_key_that_is_stuck_is_let_go_after_a_minute(
    front: Front, supervisor: WatcherOf, camera: Camera
) -> None:
    li = await supervisor()
    async with listening(front):
        await li.watch()
        await li.key(True)
        assert (await li.state())[0] == "granted"
        front.clock.advance(TALK_MAX_NS / 1e9)
        front.services.talks.tick()
        assert await li.state() == ("ended", None, "time_over")
        await li.key(True)  # keys repeat: it was not up in between
        await li.key(False)
        await li.key(True)
        assert (await li.state())[0] == "granted"
    assert (await recorded(front, 2))[1][1]["seconds"] == 60.0


async def test_without_the_ledger_nobody_is_talked_to(front: Front, supervisor: WatcherOf, camera: Camera) -> None:
    li = await supervisor()
    async with listening(front):
        await li.watch()
        front.disk.sick = True
        await li.key(True)
        assert await li.state() == ("refused", None, "not_recorded")
        li.speak(5)
        assert not len(front.services.talks)
        front.disk.sick = False
        await li.key(False)
        await li.key(True)
        assert (await li.state())[0] == "granted"
    assert front.hub.channel(DEVICE, TALK_CHANNEL).bytes == 0  # of the first press nothing was kept


async def test_who_may_watch_and_not_talk_is_refused_on_record(
    front: Front, supervisor: WatcherOf, camera: Camera
) -> None:
    admin = await supervisor("site", Role.SITE_ADMIN)
    async with listening(front):
        view = await admin.watch()
        assert (view.talk, view.why_not["talk"]) == (False, "not_allowed")
        assert "a=sendrecv" not in admin.answer
        await admin.key(True)
        assert await admin.state() == ("refused", None, "not_allowed")
    page = await front.services.ledger.query(limit=100)
    [refused] = [one for one in page.items if one.action == "access.refused"]
    assert (refused.principal, refused.subject, refused.detail["action"]) == ("user:site", DEVICE, "talk.open")


@pytest.mark.parametrize(
    ("device", "offer", "why"),
    [
        (LISTENS.replace("sendrecv", "sendonly"), BOTH_WAYS, "device_cannot"),
        (LISTENS.replace("opus/48000/2", "PCMU/8000"), BOTH_WAYS, "other_codec"),
        (LISTENS, BOTH_WAYS.replace("sendrecv", "recvonly"), "no_microphone"),
        (LISTENS, WATCHING, "no_microphone"),
    ],
)
async def test_what_stands_in_the_way_is_said_before_and_at_the_press(
    front: Front, supervisor: WatcherOf, camera: Camera, device: str, offer: str, why: str
) -> None:
    li = await supervisor()
    async with listening(front, device):
        view = await li.watch(offer)
        assert (view.talk, view.why_not["talk"]) == (False, why)
        await li.key(True)
        assert await li.state() == ("refused", None, why)
    assert await entries(front) == []


@pytest.mark.parametrize("end", ["key", "socket", "view", "session", "device", "gone", "stop", "junk"])
async def test_whatever_ends_it_the_device_is_free_and_the_end_is_on_record(
    front: Front, supervisor: WatcherOf, camera: Camera, end: str
) -> None:
    li = await supervisor()
    async with listening(front) as device:
        await li.watch()
        await li.key(True)
        await li.told()
        li.speak(5)
        match end:
            case "key":
                await li.key(False)
            case "socket":
                await li.leave()
            case "view":
                await front.client(li.token).delete(li.location)
            case "session":
                session = front.access.sessions.find(li.token)
                assert session is not None
                front.access.sessions.end([session.id])
            case "device":
                await front.registry.devices.remove(DEVICE, principal="cli:0")
            case "gone":
                device.say_goodbye()
            case "stop":
                front.services.stopping.set()
            case "junk":
                await li.say('{"type":"talk","on":"yes"}')
        await until(lambda: not len(front.services.talks))
        _, (_, closed) = await recorded(front, 2)
    assert closed["units"] == 5
    assert closed["reason"] == {"key": "released", "gone": "device_gone"}.get(end, "view_ended")


async def test_a_key_that_is_let_go_before_the_ledger_has_answered_lets_nothing_through(
    front: Front, supervisor: WatcherOf, camera: Camera
) -> None:
    li = await supervisor()
    async with listening(front):
        await li.watch()
        await li.key(True)  # held until it is granted, for of the others all may be let go before anything is written
        assert (await li.state())[0] == "granted"
        await li.key(False)
        for _ in range(20):
            await li.key(True)
            await li.key(False)
        await li.say("that is all")
        await li.closed()  # everything before it has been answered, and is on record
        found = await entries(front)
    assert len(found) >= 2
    assert [who for who, _ in found] == ["user:li talk.open", "user:li talk.close"] * (len(found) // 2)
    assert {detail["units"] for who, detail in found if who.endswith("close")} == {0}


async def test_what_was_said_is_found_as_footage_is(front: Front, client_of_reviewer: httpx.AsyncClient) -> None:
    query = {"device": DEVICE, "channel": "talk", "from": "2027-01-15T08:00:00Z", "to": "2027-01-15T09:00:00Z"}
    query["case"] = await front.at_hand()
    answer = await client_of_reviewer.get("/api/v1/recordings", params=query)
    assert (answer.status_code, answer.json()["channel"]) == (200, "talk")
    assert front.archive.asked[-1][:2] == (DEVICE, "talk")


@pytest.fixture
async def client_of_reviewer(front: Front) -> httpx.AsyncClient:
    return await front.person(Role.REVIEWER)
