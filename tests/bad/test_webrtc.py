"""Hostile offers, STUN, DTLS and SRTP against the real server, while a WebRTC stream runs on the same port."""

import asyncio
import json
import secrets
import sys
import time
from asyncio.subprocess import PIPE

import httpx
import psutil
import pytest

from gateway.webrtc.dtls import DtlsIdentity
from gateway.webrtc.publishers import PENDING_MAX
from media.stun import build_request
from tests.bad.canary import hostile_devices, unharmed
from tests.bad.strangers import FORGED, Stranger
from tests.fuzz.targets.offer import seed
from tests.house.archive import until
from tests.house.bounds import FULL, noted, told
from tests.house.fixtures import SHARES_THE_HOUSE
from tests.house.house import House
from tests.house.metrics import metrics
from tests.house.process import REPOSITORY
from tests.house.whip_link import PRIORITY, WhipLink, identity
from tests.vectors.loader import vectors

pytestmark = [SHARES_THE_HOUSE, pytest.mark.timeout(400 if FULL else 120)]

ANSWER_WITHIN_S = 2
REFUSED_WITHIN_S = 10
OFFERS = 1_000 if FULL else 100
IN_SET_UP = 12 if FULL else 4
FORGED_DATAGRAMS = 1_000
JUNK_A_SECOND = 50_000
JUNK_FOR_S = 10 if FULL else 1
SDP, FRAGMENT = "application/sdp", "application/trickle-ice-sdpfrag"


class Caller:
    """Says to the WHIP door what it is told, as a device; remembers how long the slowest answer took."""

    def __init__(self, house: House, device: str) -> None:
        self.device = device
        self.slowest_s = 0.0
        self._client = httpx.AsyncClient(base_url=house.http_url, timeout=20)
        self._key = house.keys[device]

    async def say(
        self, method: str, path: str, body: bytes | str = b"", kind: str = SDP, *, key: str = "", match: str = ""
    ) -> httpx.Response:
        headers = {"Content-Type": kind, "Authorization": f"Bearer {key or self._key}"}
        began_s = time.monotonic()
        answer = await self._client.request(
            method, path, content=body, headers={**headers, "If-Match": match} if match else headers
        )
        self.slowest_s = max(self.slowest_s, time.monotonic() - began_s)
        return answer

    async def __aenter__(self) -> "Caller":
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._client.aclose()


def link_of(house: House, device: str) -> WhipLink:
    return house.device(device).whip(house.clip.description())


async def test_hostile_offers_and_hands_on_other_peoples_sessions_are_refused(shared_house: House) -> None:
    house = shared_house
    mine, other = await hostile_devices(house, 2)
    async with unharmed(house, "hostile offers", by_whip=True), Caller(house, mine) as caller:
        for vector in vectors("offer"):
            answer = await caller.say("POST", f"/whip/{mine}", seed(vector))
            assert answer.status_code == int(vector.notes.get("answers", "400")), vector.name
        link = link_of(house, mine)
        many = "".join(f"a=candidate:1 1 udp 1 192.0.2.1 {port} typ host\r\n" for port in range(1_000, 1_500))
        assert (await caller.say("POST", f"/whip/{mine}", link.offer() + many)).status_code == 400
        assert (await caller.say("POST", f"/whip/{mine}", link.offer(), "text/plain")).status_code == 415
        assert (await caller.say("POST", f"/whip/{mine}", link.offer(), key="x" * 32)).status_code == 401
        assert (await caller.say("POST", f"/whip/{mine}", link.offer(), key="x" * 3_000)).status_code == 401
        assert (await caller.say("POST", f"/whip/{other}", link.offer())).status_code == 401
        assert (await caller.say("POST", f"/whip/{mine}?channel=third", link.offer())).status_code == 422

        await link.connect()  # a session that lives, and hands on it that are not its opener's
        name, password = link.remote.ufrag, link.remote.password
        trickled = f"a=ice-ufrag:{name}\r\na=ice-pwd:{password}\r\nm=video 9 x 96\r\na=mid:0\r\n"
        for key in (house.keys[other], "x" * 32):
            assert (await caller.say("DELETE", link.location, key=key)).status_code == 404
            assert (await caller.say("PATCH", link.location, trickled, FRAGMENT, key=key, match="*")).status_code == 404
        elsewhere = link.location.replace(mine, other)
        assert (await caller.say("DELETE", elsewhere, key=house.keys[other])).status_code == 404
        assert (await caller.say("DELETE", f"/whip/{mine}/{secrets.token_urlsafe(16)}")).status_code == 404
        assert (await caller.say("PATCH", link.location, trickled, SDP, match="*")).status_code == 415
        assert (await caller.say("PATCH", link.location, trickled + many, FRAGMENT, match="*")).status_code == 400
        assert (await caller.say("PATCH", link.location, trickled, FRAGMENT, match='"other"')).status_code == 412
        assert not link.lost.is_set()
        assert (await caller.say("DELETE", link.location)).status_code == 200
        async with asyncio.timeout(REFUSED_WITHIN_S):
            await link.lost.wait()
        told("the slowest answer to a hostile offer", caller.slowest_s, ANSWER_WITHIN_S)
        told("until a foreign fingerprint is refused", await refused_for_its_fingerprint(house, other), ANSWER_WITHIN_S)


async def refused_for_its_fingerprint(house: House, device: str) -> float:
    """Seconds until whoever has another certificate than the offer announced is refused: he gets no keys."""
    link = link_of(house, device)
    own = identity().fingerprint.digest.hex(":")
    began_s = time.monotonic()
    await link.ask(link.offer().replace(own, DtlsIdentity().fingerprint.digest.hex(":")))
    link.begin()

    async def refused() -> bool:
        answer = await house.person("siteadmin").call("GET", f"devices/{device}")
        said = answer.json()["last_refusal"]
        return said is not None and "wrong fingerprint" in said["words"]

    while not await refused():
        assert time.monotonic() < began_s + REFUSED_WITHIN_S
    assert not link.keyed.is_set()
    link.cut()
    return time.monotonic() - began_s


async def test_a_flood_of_offers_leaves_a_few_sessions(shared_house: House) -> None:
    house = shared_house
    (mine,) = await hostile_devices(house, 1)
    before = (await metrics(house))["webrtc_peers"]
    server = psutil.Process(house.server.pid)
    async with unharmed(house, f"{OFFERS} offers at once", by_whip=True):
        command = (sys.executable, "-m", "tests.bad.offer_flood", f"{house.http_url}/whip/{mine}", str(OFFERS))
        worked_s = sum(server.cpu_times()[:2])
        flood = await asyncio.create_subprocess_exec(*command, cwd=REPOSITORY, stdin=PIPE, stdout=PIPE)
        said, _ = await flood.communicate(f"{house.keys[mine]}\n{'x' * 32}\n\n{link_of(house, mine).offer()}".encode())
        worked_s = sum(server.cpu_times()[:2]) - worked_s
        answers = json.loads(said)
        assert {status for status, _, _ in answers} == {201, 401}
        assert len({location for status, location, _ in answers if status == 201}) == OFFERS // 2
        # The canary is one, and sessions of tests before this one may end meanwhile.
        assert (await metrics(house))["webrtc_peers"] <= before + 1 + PENDING_MAX
        noted("the slowest answer among them", max(took_s for _, _, took_s in answers), "s")
        noted("of a core for each of them", 1_000 * worked_s / OFFERS, "ms")


async def test_strangers_datagrams_end_no_session_and_cost_others_nothing(shared_house: House) -> None:
    """Passed on to whom it names, as a stock agent does, one forged alert in the clear ends the handshake of each."""
    house = shared_house
    devices = await hostile_devices(house, IN_SET_UP)
    links = [link_of(house, device) for device in devices]
    async with unharmed(house, "forged DTLS and junk", by_whip=True):
        before = await metrics(house)
        await asyncio.gather(*(link.ask() for link in links))
        await set_up_among_forged_dtls(links)
        forged = (await metrics(house) - before)["webrtc_strange_datagrams dtls_of_a_stranger"]
        assert forged > FORGED_DATAGRAMS // 2
        await flood_with_junk(house, links[0])
        assert not any(link.lost.is_set() for link in links)
        for link in links:
            link.leave()


async def set_up_among_forged_dtls(links: list[WhipLink]) -> None:
    with Stranger(links[0].server) as near, Stranger(links[0].server, "127.0.0.66") as far:
        for number in range(FORGED_DATAGRAMS):
            (near if number % 2 else far).send(FORGED[number % len(FORGED)])
            if number % (FORGED_DATAGRAMS // len(links)) == 0:
                links[number * len(links) // FORGED_DATAGRAMS].begin()
            if number % 10 == 0:
                await asyncio.sleep(0)  # their answers come between
        async with asyncio.timeout(REFUSED_WITHIN_S):
            await asyncio.gather(*(link.keyed.wait() for link in links))


async def flood_with_junk(house: House, link: WhipLink) -> None:
    before = await metrics(house)
    server = psutil.Process(house.server.pid)
    worked_s, began_s = sum(server.cpu_times()[:2]), time.monotonic()
    with Stranger(link.server) as stranger:
        for vector in (*vectors("stun"), *vectors("srtp")):
            for chunk in vector.chunks:
                stranger.send(chunk)
        name = f"{link.local.ufrag}:{link.remote.ufrag}".encode()
        for _ in range(300):  # signed, though not by whom they name
            stranger.send(build_request(secrets.token_bytes(12), name, b"x" * 22, priority=PRIORITY, controlling=1))
        sent = await stranger.flood(JUNK_A_SECOND, JUNK_FOR_S)
    took_s = time.monotonic() - began_s
    noted("of a core, while junk came", 100 * (sum(server.cpu_times()[:2]) - worked_s) / took_s, "%")
    noted("junk datagrams a second", sent / took_s, "")
    counted = await metrics(house) - before
    strange = sum(count for name, count in counted.items() if name.startswith("webrtc_strange_datagrams"))
    noted("of them counted; for the rest the kernel had no room", 100 * strange / sent, "%")
    assert counted["webrtc_strange_datagrams stun_wrong_signature"] <= 100 * (took_s + 1)
    assert counted["webrtc_strange_datagrams stun_over_limit"] > 0


async def test_packets_that_come_again_or_under_another_key_change_nothing(shared_house: House) -> None:
    house = shared_house
    (mine,) = await hostile_devices(house, 1)
    archive = house.archive(mine)
    async with unharmed(house, "replayed and forged SRTP", by_whip=True):
        before, known = await metrics(house), len(archive.files())
        push = await house.device(mine).push_by_whip(starting_at=10_000)
        honest, older = push.link.send, list[bytes]()
        with Stranger(push.link.server) as stranger:

            def send_all_kinds(datagram: bytes) -> None:
                if datagram[0] >= 128:
                    honest(datagram[:-16] + bytes(16))  # as under another key
                    older.append(datagram)
                    honest(older[len(older) // 2])
                    stranger.send(datagram)
                honest(datagram)

            push.link.send = send_all_kinds
            viewer = await house.supervisor().watch(mine)
            assert await viewer.wait_for_picture(10_030)
        push.leave()
        await until(lambda: len(archive.files()) == known + 1 and all(archive.sealed()))
        kept = [number for number in archive.units() if number >= 10_000]
        assert kept == push.numbers[-len(kept) :] == push.numbers
        counted = await metrics(house) - before
        assert counted["webrtc_refused_packets replayed"] > 30
        assert counted["webrtc_refused_packets forged"] > 30
        assert counted["webrtc_strange_datagrams media_of_a_stranger"] > 30
