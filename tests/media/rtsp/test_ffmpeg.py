"""ffmpeg, the client that most devices and all testers have, against the server core."""

import asyncio
from collections import defaultdict

from media.rtsp import Announce, Event, Setup, Teardown
from tests.media.rtsp.dialogue import KEY, StrictServer

FRAMES = 25


class Driver(asyncio.Protocol):
    """The least socket there can be around a core."""

    def __init__(self, server: StrictServer) -> None:
        self.server = server
        self.gone = asyncio.Event()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        answer = self.server.hear(data)
        self.transport.write(answer.encode("latin-1"))  # type: ignore[attr-defined]
        if self.server.core.closed:
            self.transport.close()

    def connection_lost(self, exc: Exception | None) -> None:
        self.gone.set()


class Datagrams(asyncio.DatagramProtocol):
    def __init__(self) -> None:
        self.packets: list[bytes] = []

    def datagram_received(self, data: bytes, addr: object) -> None:
        self.packets.append(data)


class PortedServer(StrictServer):
    ports = (0, 0)

    def answer(self, event: Event) -> None:
        if isinstance(event, Setup) and event.transport.client_port:
            self.core.accept_setup(server_port=self.ports)
        else:
            super().answer(event)


async def push(server: StrictServer, *options: str, key: str = KEY) -> tuple[int, str]:
    """Let ffmpeg push one second to the server; its exit status and words."""
    loop = asyncio.get_running_loop()
    driver = Driver(server)
    listener = await loop.create_server(lambda: driver, "127.0.0.1", 0)
    port = listener.sockets[0].getsockname()[1]
    sources = ["-f", "lavfi", "-i", "testsrc=size=320x240:rate=25", "-f", "lavfi", "-i", "sine=frequency=440"]
    codecs = ["-frames:v", str(FRAMES), "-t", "1", "-c:v", "libx264", "-preset", "ultrafast", "-c:a", "aac"]
    url = f"rtsp://dev1:{key}@127.0.0.1:{port}/dev1"
    process = await asyncio.create_subprocess_exec(
        "ffmpeg", "-v", "error", *sources, *codecs, "-f", "rtsp", *options, url, stderr=asyncio.subprocess.PIPE
    )
    _, errors = await process.communicate()
    await asyncio.wait_for(driver.gone.wait(), 10)
    listener.close()
    return await process.wait(), errors.decode()


def sequences(packets: list[bytes]) -> list[int]:
    return [int.from_bytes(packet[2:4], "big") for packet in packets]


def assert_whole(packets: list[bytes]) -> None:
    numbers = sequences(packets)
    assert numbers == [(numbers[0] + index) & 0xFFFF for index in range(len(numbers))]


async def test_ffmpeg_publishes_interleaved_with_md5_and_nothing_is_missing():
    server = StrictServer()
    exit_status, errors = await push(server, "-rtsp_transport", "tcp")
    assert (exit_status, errors) == (0, "")
    by_channel = defaultdict(list)
    for channel, packet in server.packets:
        by_channel[channel].append(packet)
    assert {0, 1, 2, 3} >= set(by_channel) >= {0, 2}
    assert_whole(by_channel[0])
    assert_whole(by_channel[2])
    assert sum(packet[1] >> 7 for packet in by_channel[0]) == FRAMES  # one marker a picture
    authorized = [event for event in server.events if isinstance(event, Announce)][-1]
    assert authorized.credentials is not None
    assert authorized.credentials.algorithm == "MD5"
    assert isinstance(server.events[-1], Teardown)


async def test_ffmpeg_publishes_over_udp():
    loop = asyncio.get_running_loop()
    rtp_transport, rtp = await loop.create_datagram_endpoint(Datagrams, ("127.0.0.1", 0))
    rtcp_transport, _ = await loop.create_datagram_endpoint(Datagrams, ("127.0.0.1", 0))
    server = PortedServer()
    server.ports = (rtp_transport.get_extra_info("sockname")[1], rtcp_transport.get_extra_info("sockname")[1])
    exit_status, errors = await push(server, "-rtsp_transport", "udp")
    rtp_transport.close()
    rtcp_transport.close()
    assert (exit_status, errors) == (0, "")
    assert sum(packet[1] & 0x7F == 96 and packet[1] >> 7 for packet in rtp.packets) == FRAMES
    assert server.packets == []


async def test_ffmpeg_with_a_wrong_key_is_turned_away_in_words():
    server = StrictServer()
    exit_status, errors = await push(server, "-rtsp_transport", "tcp", key="guess")
    assert exit_status != 0
    assert "403" in errors
    assert server.packets == []
