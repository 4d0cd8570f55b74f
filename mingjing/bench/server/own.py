"""A server of its own for one benchmark: a data directory, free ports, known accounts and devices."""

import asyncio
import http.client
import json
import re
import secrets
import sys
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from email.message import Message
from pathlib import Path

from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect
from websockets.typing import Origin

from mingjing.bench.server.leash import leashed
from mingjing.bench.server.metrics import Metrics
from mingjing.simulator import DeviceLogin, Over

STARTS_WITHIN_S = 120  # ten million rows on a cold disk; how long it took is measured
STOPS_WITHIN_S = 60
ANSWERS_WITHIN_S = 60  # the server, when it is asked anything
ALL_LIVE_WITHIN_S = 120  # from the first device's call, on a machine that does other things as well
LOOK_EVERY_S = 0.2
BY = "cli:bench"
PLACE = "bench"  # unit and checkpoint of the devices

_READY = re.compile(r" ready http=\S*?://([^\s/'\"]+)\S* rtsp=(rtsp://[^\s/'\"]+)")


@dataclass(frozen=True, slots=True)
class ServerTuning:
    """Where a benchmark needs other settings than those that are shipped."""

    segment_minutes: float = 5
    ring_gigabytes: float = 0
    ring_days: float = 183
    disk_warning_percent: float = 15
    disk_stop_percent: float = 3

    def as_toml(self) -> str:
        return (
            'log_level = "info"\n[http]\nport = 0\n[rtsp]\nhost = "127.0.0.1"\nport = 0\nrtp_port = 0\nrtcp_port = 0\n'
            '[webrtc]\nhost = "127.0.0.1"\nport = 0\n'
            f"[archive]\nsegment_minutes = {self.segment_minutes}\nring_gigabytes = {self.ring_gigabytes}\n"
            f"ring_days = {self.ring_days}\ndisk_warning_percent = {self.disk_warning_percent}\n"
            f"disk_stop_percent = {self.disk_stop_percent}\n"
        )


@dataclass(frozen=True, slots=True)
class OwnServer:
    """A running server. Its calls block: from a loop use `asyncio.to_thread`."""

    pid: int
    http: str  # HOST:PORT
    rtsp: str  # rtsp://HOST:PORT
    data_dir: Path
    logins: Sequence[DeviceLogin]
    supervisor: str
    password: str
    start_s: float  # from the command to `ready`

    @property
    def whep(self) -> str:
        """Where viewers ask by WHEP."""
        return f"http://{self.http}/whep/{{device}}?channel=main&purpose=exercise"

    def page_headers(self, cookie: str) -> dict[str, str]:
        """What a page of ours sends with a request."""
        return {"Origin": f"http://{self.http}", "Cookie": cookie}

    def publishing_address(self, transport: str) -> str:
        """Where devices send to that use this transport (`mingjing.simulator.Over`)."""
        return f"http://{self.http}" if transport == Over.WHIP else self.rtsp

    def log_in(self) -> str:
        """A session cookie of the benchmark's supervisor."""
        body = {"username": self.supervisor, "password": self.password}
        status, headers, words = self.request("POST", "/api/v1/login", body)
        if status != 200:
            raise RuntimeError(f"the benchmark cannot log in: {status} {words}")
        return (headers.get("Set-Cookie") or "").partition(";")[0]

    def be_active(self, cookie: str) -> None:
        """Have the supervisor do something, as the web app tells it: else the session ends after 15 minutes.

        Raises:
            RuntimeError: it has ended already.
            OSError, WebSocketException: the server does not answer now; it may later.
        """
        try:
            with connect(
                f"ws://{self.http}/ws/events",
                origin=Origin(f"http://{self.http}"),
                additional_headers={"Cookie": cookie},
                proxy=None,
                open_timeout=ANSWERS_WITHIN_S,
            ) as desk:
                desk.send('{"type": "active"}')
        except InvalidStatus as error:
            raise RuntimeError(f"the benchmark's supervisor is not let in any more: {error}") from error

    def metrics(self) -> Metrics:
        """Costs the server some milliseconds of its loop: not within a measurement."""
        return Metrics.parse(self.request("GET", "/metrics")[2])

    def stream_password(self) -> tuple[str, str]:
        """User and password with which the benchmark's supervisor may PLAY."""
        wanted = {"label": "bench", "purpose": "exercise", "days": 1}
        status, _, words = self.request("POST", "/api/v1/stream-passwords", wanted, self.log_in())
        if status != 201:
            raise RuntimeError(f"the benchmark gets no stream password: {status} {words}")
        shown = json.loads(words)
        return shown["user"], shown["password"]

    def request(self, method: str, path: str, body: object = None, cookie: str = "") -> tuple[int, Message, str]:
        """Status, headers and body of the answer."""
        connection = http.client.HTTPConnection(self.http, timeout=ANSWERS_WITHIN_S)
        headers = {"Content-Type": "application/json", **self.page_headers(cookie)}
        try:
            connection.request(method, path, None if body is None else json.dumps(body), headers)
            answer = connection.getresponse()
            return answer.status, answer.headers, answer.read().decode()
        finally:
            connection.close()


@asynccontextmanager
async def own_server(
    data_dir: Path, devices: Sequence[str], tuning: ServerTuning | None = None
) -> AsyncIterator[OwnServer]:
    """`mingjing serve` with these devices registered, ended in order at the end of the block.

    Raises:
        RuntimeError: it did not start, or ended by itself; with the end of its log.
    """
    data_dir.mkdir(parents=True, exist_ok=True)
    supervisor, password = f"bench-{secrets.token_hex(4)}", secrets.token_urlsafe(24)
    logins = await _prepare(data_dir, devices, supervisor, password)
    config = data_dir / "bench.toml"
    config.write_text((tuning or ServerTuning()).as_toml())
    log = data_dir / "server.log"
    with log.open("wb") as output:
        began = time.monotonic()
        process = await asyncio.create_subprocess_exec(
            *leashed(sys.executable, "-m", "mingjing", "serve", "--config", config, "--data-dir", data_dir),
            stdout=output, stderr=output, start_new_session=True,
        )  # fmt: skip
        try:
            http_address, rtsp = await asyncio.wait_for(_ready(log, process), STARTS_WITHIN_S)
            start_s = time.monotonic() - began
            try:
                yield OwnServer(process.pid, http_address, rtsp, data_dir, logins, supervisor, password, start_s)
            finally:
                if process.returncode is not None:  # the reason of whatever else went wrong
                    raise RuntimeError(f"the server has ended by itself:\n{_end_of(log)}")
        finally:
            if process.returncode is None:
                process.terminate()
                await _ended(process)


async def _ended(process: asyncio.subprocess.Process) -> None:
    """Wait until it is gone; one that does not go is killed, and that is told."""
    try:
        await asyncio.wait_for(process.wait(), STOPS_WITHIN_S)
    except TimeoutError:
        process.kill()
        await process.wait()
        raise RuntimeError(f"the server did not end within {STOPS_WITHIN_S} s after SIGTERM, and was killed") from None


class NotAllLiveError(Exception):
    """The server did not take all devices in time."""


async def all_live(server: OwnServer, devices: int) -> None:
    """Wait until so many channels are live.

    Raises:
        NotAllLiveError: it takes too long.
    """
    try:
        async with asyncio.timeout(ALL_LIVE_WITHIN_S):
            while (await asyncio.to_thread(server.metrics))['mingjing_channels{state="live"}'] < devices:
                await asyncio.sleep(LOOK_EVERY_S)
    except TimeoutError:
        raise NotAllLiveError(f"not all {devices} devices were live within {ALL_LIVE_WITHIN_S} s") from None


async def _prepare(data_dir: Path, devices: Sequence[str], supervisor: str, password: str) -> list[DeviceLogin]:
    """Register what is not there yet; devices that are there get another key."""
    # Here and not above: generator, clients and readers import this package too, and have no house.
    from mingjing.settings import Settings
    from mingjing.wiring import open_house
    from viewer.access import Role

    async with open_house(Settings(data_dir=data_dir)) as house:
        registry = house.registry
        if registry.units.find(PLACE) is None:
            await registry.units.create(PLACE, name=PLACE, principal=BY)
            await registry.checkpoints.create(PLACE, name=PLACE, unit=PLACE, principal=BY)
        await house.access.accounts.create(supervisor, Role.SUPERVISOR, by=BY, password=password)
        logins = []
        for device in devices:
            if registry.devices.find(device) is None:
                made = await registry.devices.register(device, PLACE, principal=BY)
            else:
                made = await registry.devices.rotate_key(device, 0.0, principal=BY)
            logins.append(DeviceLogin(device, made.key))
    return logins


async def _ready(log: Path, process: asyncio.subprocess.Process) -> tuple[str, str]:
    """Addresses from the `ready` line."""
    while True:
        text = log.read_text(errors="replace")
        if found := _READY.search(text):
            return found[1], found[2]
        if process.returncode is not None:
            raise RuntimeError(f"the server did not start:\n{_end_of(log)}")
        await asyncio.sleep(0.02)


def _end_of(log: Path) -> str:
    return log.read_text(errors="replace")[-4_000:]
