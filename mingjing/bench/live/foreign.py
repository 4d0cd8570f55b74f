"""The same load on another's server, given by its addresses.

Measured: its processes' CPU and memory (by a process id on this machine), what was sent, and what players and
viewers by WHEP received of it, whole, in order and how late. Not measured, since it has no door for it that we know:
what it archives, its loop's lag, viewers over our WebSocket. Without anybody who watches it is not even known whether
it understood what was sent: only that it took it.
"""

import asyncio
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from urllib.parse import urlsplit

import psutil

from mingjing.bench.live.measure import Crowds, measure, measure_idle
from mingjing.bench.live.plan import LiveLoad, Watch
from mingjing.bench.load import Publishers
from mingjing.bench.players import seated_players
from mingjing.bench.report import Report
from mingjing.bench.server import NotAllLiveError
from mingjing.bench.whep import seated_whep_viewers
from mingjing.simulator import DEVICE_FIELD, DeviceLogin

ALL_SENDING_WITHIN_S = 60
LOOK_EVERY_S = 0.2
TAKEN_UNITS = 2  # pictures of each device that have gone out: the server records


@dataclass(frozen=True, slots=True)
class ForeignServer:
    """`url` is where devices publish: rtsp://HOST:PORT[/PREFIX], or a WHIP address with {device} in it; `whep` is where
    viewers ask, with {device} as well. `pid` is the root of its processes, None where they cannot be seen.

    Raises:
        ValueError: no such address, or no such process.
    """

    url: str
    pid: int | None = None
    user: str = ""  # of players
    password: str = ""
    logins: tuple[DeviceLogin, ...] = ()  # of devices; none: bench-0001 … without a key
    whep: str = ""
    whep_bearer: str = field(default="", repr=False)

    def __post_init__(self) -> None:
        parts = urlsplit(self.url)
        if not (_is_endpoint(self.url) or (parts.scheme == "rtsp" and parts.hostname)):
            words = f"rtsp://HOST:PORT[/PREFIX], or by WHIP as http://HOST/… with {DEVICE_FIELD} in it"
            raise ValueError(f"a server is given as {words}, not as {self.url!r}")
        if self.whep and not _is_endpoint(self.whep):
            raise ValueError(f"WHEP is given as http://HOST/… with {DEVICE_FIELD} in it, not as {self.whep!r}")
        if self.pid is not None and not psutil.pid_exists(self.pid):
            raise ValueError(f"there is no process {self.pid}")

    @property
    def over_whip(self) -> bool:
        """Whether devices publish by WHIP there."""
        return urlsplit(self.url).scheme in ("http", "https")

    @property
    def address(self) -> str:
        """Where devices publish; over RTSP without the prefix."""
        parts = urlsplit(self.url)
        return self.url if self.over_whip else f"{parts.scheme}://{parts.netloc}"

    @property
    def prefix(self) -> str:
        return "" if self.over_whip else urlsplit(self.url).path.rstrip("/")


def _is_endpoint(url: str) -> bool:
    """Whether it is an address of WHIP or WHEP that says where in it the stream's name stands."""
    parts = urlsplit(url)
    return parts.scheme in ("http", "https") and DEVICE_FIELD in parts.path + parts.query


async def bench_foreign(load: LiveLoad, server: ForeignServer, cache_dir: Path) -> Report:
    """Run the load on it.

    Raises:
        NotAllLiveError: not all devices could publish.
        BenchProcessError: the generator or a player ended by itself.
        ValueError: the load asks for what only our server has.
    """
    by_whep = bool(server.whep) and load.watch is Watch.WHEP
    if load.reconnect or ((load.viewers or load.openings) and not by_whep):
        raise ValueError("viewers, openings and reconnects are measured on our own server only; use players here")
    logins = server.logins or [DeviceLogin(device, "") for device in load.names]
    load = replace(load, devices=len(logins), known=tuple(login.device for login in logins))
    async with Publishers.sending(server.address, logins, load.stream, cache_dir, server.prefix) as publishers:
        await _all_sending(publishers)
        idle_percent = await measure_idle(load, server.pid)
        async with AsyncExitStack() as seats:
            crowds = Crowds()
            if load.players:
                players = seated_players(server.url, server.user, server.password, load.watched(load.players))
                crowds.players = await seats.enter_async_context(players)
            if load.viewers or load.openings:
                headers = {"Authorization": f"Bearer {server.whep_bearer}"} if server.whep_bearer else {}
                viewers = seated_whep_viewers(server.whep, headers, load.watched(load.viewers))
                crowds.viewers = await seats.enter_async_context(viewers)
            measured = await measure(load, publishers, crowds, server.pid)
        sent = await publishers.stop()
    if idle_percent is not None:
        measured.result["idle_cpu_percent"] = idle_percent
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
