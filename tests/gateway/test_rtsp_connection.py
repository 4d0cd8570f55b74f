"""What one connection may do, word by word: a device by hand on a real socket."""

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

import pytest

from gateway.admission import Admission
from gateway.registry import RefusalReason
from gateway.rtsp import connections as limits
from gateway.rtsp.connection import RtspConnection
from gateway.rtsp.connections import Connections
from gateway.rtsp.read_buffer import ReadBuffer
from media.rtsp import DigestClient, NonceFactory
from storage import SystemClock
from tests.gateway.conftest import LiveSide
from tests.media.rtsp.dialogue import SDP, request

BY = "cli:0"


class Hand:
    """A device that says what the test says. `ask` answers with the status line."""

    def __init__(self, side: LiveSide, device: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer
        self.url = f"rtsp://127.0.0.1:{side.listener.port}/{device}"
        self._digest = DigestClient(device, side.keys[device], os.urandom)

    async def ask(self, data: bytes) -> str:
        self.writer.write(data)
        head = (await asyncio.wait_for(self.reader.readuntil(b"\r\n\r\n"), 5)).decode()
        status, *headers = head.split("\r\n")
        self._digest.learn(line.partition(": ")[2] for line in headers if line.startswith("WWW-Authenticate"))
        return status.removeprefix("RTSP/1.0 ")

    async def announce(self) -> str:
        for _ in range(2):
            authorization = self._digest.authorization("ANNOUNCE", self.url)
            headers = {"Authorization": authorization} if authorization else {}
            status = await self.ask(request("ANNOUNCE", self.url, body=SDP, Content_Type="application/sdp", **headers))
        return status

    async def setup(self, transport: str, track: int = 0) -> str:
        return await self.ask(request("SETUP", f"{self.url}/streamid={track}", Transport=transport))

    async def record(self) -> str:
        return await self.ask(request("RECORD", self.url))

    async def end(self) -> str:
        return await self.ask(request("TEARDOWN", self.url))


@asynccontextmanager
async def calling(side: LiveSide, device: str = "dev1") -> AsyncIterator[Hand]:
    reader, writer = await asyncio.open_connection("127.0.0.1", side.listener.port)
    try:
        yield Hand(side, device, reader, writer)
    finally:
        writer.close()


TCP = "RTP/AVP/TCP;unicast;interleaved=0-1;mode=record"
UDP = "RTP/AVP/UDP;unicast;client_port=41000-41001;mode=record"


async def test_a_device_that_was_disabled_since_its_announce_does_not_record(live_side: LiveSide) -> None:
    async with calling(live_side) as device:
        assert await device.announce() == "200 OK"
        assert await device.setup(TCP) == "200 OK"
        await live_side.registry.devices.disable("dev1", principal=BY)
        assert (await device.record()).startswith("403")
    assert live_side.hub.statistics() == []
    refusal = live_side.registry.devices.get("dev1").last_refusal
    assert refusal is not None
    assert refusal.reason is RefusalReason.DISABLED


async def test_a_device_that_was_removed_since_its_announce_does_not_record(live_side: LiveSide) -> None:
    async with calling(live_side) as device:
        assert await device.announce() == "200 OK"
        assert await device.setup(TCP) == "200 OK"
        await live_side.registry.devices.remove("dev1", principal=BY)
        assert (await device.record()).startswith("403")
    assert live_side.hub.statistics() == []


async def test_a_device_whose_key_was_replaced_since_its_announce_does_not_record_unless_both_are_good(
    live_side: LiveSide,
) -> None:
    for overlap_s, status in ((60, "200"), (0, "403")):
        async with calling(live_side) as device:
            assert await device.announce() == "200 OK"
            assert await device.setup(TCP) == "200 OK"
            replaced = await live_side.registry.devices.rotate_key("dev1", overlap_s, principal=BY)
            assert (await device.record()).startswith(status)
        live_side.keys["dev1"] = replaced.key
    assert not live_side.hub.is_sending("dev1", "main")
    refusal = live_side.registry.devices.get("dev1").last_refusal
    assert refusal is not None
    assert refusal.reason is RefusalReason.WRONG_KEY


async def test_a_transport_that_is_not_served_is_what_the_admin_sees(live_side: LiveSide) -> None:
    async with calling(live_side) as device:
        assert await device.announce() == "200 OK"
        assert (await device.setup("RTP/AVP;multicast;port=5000-5001")).startswith("461")
    refusal = live_side.registry.devices.get("dev1").last_refusal
    assert refusal is not None
    assert refusal.reason is RefusalReason.TRANSPORT_NOT_SUPPORTED


async def test_udp_ports_that_another_device_sends_from_are_not_taken_from_it(live_side: LiveSide) -> None:
    """Two devices behind one address: the second must not be given the first one's pictures."""
    async with calling(live_side, "dev1") as first, calling(live_side, "dev2") as second:
        for device in (first, second):
            assert await device.announce() == "200 OK"
        assert await first.setup(UDP) == "200 OK"
        assert (await second.setup(UDP)).startswith("461")
        assert await second.setup(UDP.replace("41000-41001", "41002-41003")) == "200 OK"
    refusal = live_side.registry.devices.get("dev2").last_refusal
    assert refusal is not None
    assert refusal.reason is RefusalReason.TRANSPORT_NOT_SUPPORTED


async def test_the_two_tracks_of_a_device_do_not_share_udp_ports(live_side: LiveSide) -> None:
    async with calling(live_side) as device:
        assert await device.announce() == "200 OK"
        assert await device.setup(UDP) == "200 OK"
        assert (await device.setup(UDP, track=1)).startswith("461")


async def test_a_device_that_comes_back_may_use_the_udp_ports_it_had(live_side: LiveSide) -> None:
    async with calling(live_side) as before, calling(live_side) as again:
        for device in (before, again):
            assert await device.announce() == "200 OK"
            assert await device.setup(UDP) == "200 OK"
            assert await device.record() == "200 OK"


async def test_a_peer_that_never_reads_our_answers_is_cut_off(live_side: LiveSide) -> None:
    async with calling(live_side) as device:
        device.writer.transport.pause_reading()  # type: ignore[attr-defined]
        question = request("OPTIONS", device.url) * 500
        async with asyncio.timeout(8):  # less than a connection may take until it is known
            with contextlib.suppress(ConnectionError):
                while live_side.listener.connections:
                    device.writer.write(question)
                    await device.writer.drain()
        assert not live_side.listener.connections


async def test_strangers_give_way_to_one_another_and_never_a_device_to_them(
    live_side: LiveSide, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "UNPROVEN_PER_ADDRESS_MAX", 3)
    async with calling(live_side, "dev1") as device, AsyncExitStack() as stack:
        assert await device.announce() == "200 OK"
        assert await device.setup(TCP) == "200 OK"
        strangers = [await stack.enter_async_context(calling(live_side)) for _ in range(3)]
        for stranger in strangers:  # each has its place
            assert (await stranger.ask(request("OPTIONS", stranger.url))).startswith("200")
        newcomer = await stack.enter_async_context(calling(live_side, "dev2"))
        assert await newcomer.announce() == "200 OK"
        assert await asyncio.wait_for(strangers[0].reader.read(), 5) == b""
        for stranger in strangers[1:]:
            assert (await stranger.ask(request("OPTIONS", stranger.url))).startswith("200")
        assert await device.record() == "200 OK"
        assert (live_side.listener.displaced_connections, live_side.listener.connections) == (1, 4)


async def test_a_closed_connection_whose_last_words_nobody_takes_is_cut_off(live_side: LiveSide) -> None:
    transport, connections = StuckTransport(), Connections()
    connection = RtspConnection(
        hub=live_side.hub,
        admission=Admission(live_side.registry.devices, NonceFactory(b"secret", os.urandom), SystemClock()),
        clock=SystemClock(),
        udp=None,
        reading=ReadBuffer(),
        open_connections=connections,
        make_player=lambda _connection: None,
        spawn=lambda work, _name: work.close(),
    )
    connection.connection_made(transport)
    connection.close()
    assert not transport.aborted
    connection.tick(SystemClock().mono_ns())
    assert transport.aborted


class StuckTransport(asyncio.Transport):
    """Its peer takes nothing, so it is never done with closing."""

    def __init__(self) -> None:
        super().__init__(extra={"peername": ("127.0.0.1", 5000)})
        self.closing = self.aborted = False

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None: ...

    def close(self) -> None:
        self.closing = True

    def is_closing(self) -> bool:
        return self.closing

    def abort(self) -> None:
        self.aborted = True
