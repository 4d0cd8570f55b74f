"""A house: the real server on loopback, with its own data directory, its devices and its people.

    async def test_something(house):
        device = await house.device("dev1").push(seconds=2)
        viewer = await house.supervisor().watch("dev1")
        await viewer.wait_for_picture(20)
        await house.stop()
        assert house.archive("dev1").units() == device.numbers

The server keeps its ports over `kill`, `stop` and `start`, so devices that reconnect find it again.
"""

import asyncio
import random
import shutil
import signal
import socket
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from mingjing.control import ask
from mingjing.control.requests import StoreCheck, StoreReport
from mingjing.settings import load_settings
from mingjing.simulator.clip import Clip
from tests.house.archive import Archive
from tests.house.bounds import FULL
from tests.house.device import Device
from tests.house.furniture import Furniture
from tests.house.person import Person, Viewer
from tests.house.process import ServerProcess
from tests.house.sending import Sending

LOOPBACK = "127.0.0.1"
STOP_WITHIN_S = 10  # F06
# Below the range from which the kernel gives ports to clients: while a server is down, a device
# that calls again and again could otherwise be given the very port it calls.
PORTS = range(12_000, 32_000)


class House:
    """Made by the fixture `house`, which also starts and ends it."""

    def __init__(self, data_dir: Path, furniture: Furniture, clip: Clip) -> None:
        self.data_dir = data_dir
        self.keys = dict(furniture.keys)
        self.clip = clip
        self.settings: dict[str, str] = {}  # MINGJING_… for the next start, over those below
        # A command that ends by running the server's; none of any length: from the beginning; None: a fork (nursery).
        self.runs_under: tuple[str, ...] | None = () if FULL else None
        self.runs: list[ServerProcess] = []
        self._http_port, self._rtsp_port = _free_ports(2)
        self._pushes: list[Sending] = []
        self._viewers: list[Viewer] = []
        self._people: dict[str, Person] = {}
        if not data_dir.exists():
            shutil.copytree(furniture.data_dir, data_dir)

    # The server

    async def start(self) -> ServerProcess:
        """Start the server and wait until it is ready."""
        settings = {
            "MINGJING_HTTP__HOST": LOOPBACK,
            "MINGJING_HTTP__PORT": str(self._http_port),
            "MINGJING_RTSP__HOST": LOOPBACK,
            "MINGJING_RTSP__PORT": str(self._rtsp_port),
            "MINGJING_RTSP__RTP_PORT": "0",  # any: a device learns them at SETUP
            "MINGJING_RTSP__RTCP_PORT": "0",
            "MINGJING_WEBRTC__HOST": LOOPBACK,
            "MINGJING_WEBRTC__PORT": "0",
        }
        command = ("serve", "--data-dir", str(self.data_dir))
        process = await ServerProcess.start(command, {**settings, **self.settings}, under=self.runs_under)
        self.runs.append(process)
        return process

    @property
    def server(self) -> ServerProcess:
        """The present run, or the last one."""
        return self.runs[-1]

    async def kill(self) -> ServerProcess:
        """SIGKILL: what was not written is lost."""
        self.server.signal(signal.SIGKILL)
        await self.server.gone(STOP_WITHIN_S)
        return self.server

    async def stop(self, within_s: float = STOP_WITHIN_S) -> ServerProcess:
        """SIGTERM, and wait for the orderly end.

        Raises:
            TimeoutError: it takes too long.
        """
        self.server.signal(signal.SIGTERM)
        await self.server.gone(within_s)
        assert self.server.exit_status == 0, self.server.log
        return self.server

    @property
    def http_url(self) -> str:
        return f"http://{LOOPBACK}:{self._http_port}"

    @property
    def rtsp_url(self) -> str:
        return f"rtsp://{LOOPBACK}:{self._rtsp_port}"

    @property
    def rtsp_address(self) -> tuple[str, int]:
        return LOOPBACK, self._rtsp_port

    @property
    def http_address(self) -> tuple[str, int]:
        return LOOPBACK, self._http_port

    # Who is there

    def device(
        self,
        name: str,
        *,
        key: str | None = None,
        path: str | None = None,
        address: str = LOOPBACK,
        through: tuple[str, int] | None = None,
    ) -> Device:
        """A device of this name; its own key, path and address unless others are given.

        `through` is what it calls instead of the server: the address of a bad link (tests/chaos).
        """
        return Device(
            name=name,
            key=self.keys[name] if key is None else key,
            server=through or self.rtsp_address,
            http_url=self.http_url,
            clip=self.clip,
            pushes=self._pushes,
            path=path or name,
            address=address,
        )

    def person(self, name: str) -> Person:
        """Somebody of `furniture.PEOPLE`. The same person, with the same session, every time."""
        return self._people.setdefault(name, Person(name, self.http_url, self._viewers))

    def supervisor(self) -> Person:
        """Sees everything."""
        return self.person("supervisor")

    async def enrol(self, *devices: str, checkpoint: str = "gate-north") -> None:
        """Register devices beyond those of the furniture, as the site admin does."""
        admin = self.person("siteadmin")
        for name in devices:
            answer = await admin.call("POST", "devices", json={"id": name, "checkpoint": checkpoint})
            answer.raise_for_status()
            self.keys[name] = answer.json()["key"]

    @property
    def pushes(self) -> tuple[Sending, ...]:
        """All that were begun, in order."""
        return tuple(self._pushes)

    @property
    def viewers(self) -> tuple[Viewer, ...]:
        """All that were opened, in order."""
        return tuple(self._viewers)

    def archive(self, device: str, channel: str = "main") -> Archive:
        return Archive(self.data_dir / "media", device, channel)

    async def close(self) -> None:
        """End everything, in order if the server lets itself be ended in order."""
        for push in self._pushes:
            push.cut()
        for viewer in self._viewers:
            await viewer.leave()
        try:
            if self.runs and not self.server.ended:
                await self.stop()
        finally:
            for run in self.runs:
                run.close()  # kills it where it still runs

    async def check(self) -> None:
        """What `mingjing store check` does, beside the running server or on the store at rest: nothing is wrong.

        Raises:
            AssertionError: it found faults; they are the message.
        """
        report = await asyncio.to_thread(ask, load_settings(data_dir=self.data_dir), StoreCheck(), StoreReport)
        assert not report.faults, report.faults

    def tracebacks(self) -> Iterator[str]:
        """Logs in which something of ours broke, or uvicorn thinks so: there must be none (I13)."""
        return (run.log for run in self.runs if "Traceback" in run.log or "ERROR uvicorn" in run.log)


def _free_ports(count: int) -> list[int]:
    """Ports that nobody has at this moment."""
    found: list[int] = []
    for port in random.SystemRandom().sample(PORTS, len(PORTS)):
        with closing(socket.socket()) as probe:
            try:
                probe.bind((LOOPBACK, port))
            except OSError:
                continue
        found.append(port)
        if len(found) == count:
            break
    return found
