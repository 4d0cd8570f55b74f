"""The same load on another's RTSP server, given by its address.

Measured: its processes' CPU and memory (by a process id on this machine), what was sent, and what players
received of it, whole, in order and how late. Not measured, since it has no door for it that we know: what it
archives, its loop's lag, viewers in browsers. Without players it is not even known whether it understood
what was sent: only that it took it.
"""

import asyncio
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import urlsplit

import psutil

from mingjing.bench.live.measure import Crowds, measure
from mingjing.bench.live.plan import LiveLoad
from mingjing.bench.load import Publishers
from mingjing.bench.players import seated_players
from mingjing.bench.report import Report
from mingjing.bench.server import NotAllLiveError
from mingjing.simulator import DeviceLogin

ALL_SENDING_WITHIN_S = 60
LOOK_EVERY_S = 0.2
TAKEN_UNITS = 2  # pictures of each device that have gone out: the server records


@dataclass(frozen=True, slots=True)
class ForeignServer:
    """`url` is rtsp://HOST:PORT[/PREFIX]; `pid` the root of its processes, None where they cannot be seen.

    Raises:
        ValueError: no such address, or no such process.
    """

    url: str
    pid: int | None = None
    user: str = ""  # of players
    password: str = ""
    logins: tuple[DeviceLogin, ...] = ()  # of devices; none: bench-0001 … without a key

    def __post_init__(self) -> None:
        parts = urlsplit(self.url)
        if parts.scheme != "rtsp" or not parts.hostname:
            raise ValueError(f"a server is given as rtsp://HOST:PORT[/PREFIX], not as {self.url!r}")
        if self.pid is not None and not psutil.pid_exists(self.pid):
            raise ValueError(f"there is no process {self.pid}")

    @property
    def address(self) -> str:
        """Without the prefix."""
        parts = urlsplit(self.url)
        return f"{parts.scheme}://{parts.netloc}"

    @property
    def prefix(self) -> str:
        return urlsplit(self.url).path.rstrip("/")


async def bench_foreign(load: LiveLoad, server: ForeignServer, cache_dir: Path) -> Report:
    """Run the load on it.

    Raises:
        NotAllLiveError: not all devices could publish.
        BenchProcessError: the generator or a player ended by itself.
        ValueError: the load asks for what only our server has.
    """
    if load.viewers or load.openings or load.reconnect:
        raise ValueError("viewers, openings and reconnects are measured on our own server only; use players here")
    logins = server.logins or [DeviceLogin(device, "") for device in load.names]
    load = replace(load, devices=len(logins), known=tuple(login.device for login in logins))
    async with Publishers.sending(server.address, logins, load.stream, cache_dir, server.prefix) as publishers:
        await _all_sending(publishers)
        async with AsyncExitStack() as seats:
            crowds = Crowds()
            if load.players:
                players = seated_players(server.url, server.user, server.password, load.watched(load.players))
                crowds.players = await seats.enter_async_context(players)
            measured = await measure(load, publishers, crowds, server.pid)
        sent = await publishers.stop()
    if server.pid is None:
        measured.remarks.append("without --server-pid the server's CPU and memory are not measured")
    result = {"units_sent": sum(publication.units for publication in sent), **measured.result}
    params = {**load.params(), "server": server.url}
    return Report("live", params, result, measured.warnings, measured.remarks)


async def _all_sending(publishers: Publishers) -> None:
    try:
        async with asyncio.timeout(ALL_SENDING_WITHIN_S):
            while min((await publishers.mark()).numbers.values()) < TAKEN_UNITS:
                await asyncio.sleep(LOOK_EVERY_S)
    except TimeoutError:
        words = f"not all devices could publish within {ALL_SENDING_WITHIN_S} s: does it let them in without a key?"
        raise NotAllLiveError(words) from None
