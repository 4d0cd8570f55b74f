"""`bench live` on a server of its own: load, measurement, and what the archive kept when all is over."""

import asyncio
import tempfile
from contextlib import AsyncExitStack
from pathlib import Path

from mingjing.bench.account import settle
from mingjing.bench.archive import ArchiveCount, count_archive
from mingjing.bench.live.measure import Crowds, Measured, measure, measure_idle
from mingjing.bench.live.plan import LiveLoad, Watch
from mingjing.bench.load import Publishers, Sent
from mingjing.bench.players import seated_players
from mingjing.bench.report import Report
from mingjing.bench.server import ANSWERS_WITHIN_S, Metrics, OwnServer, all_live, lag_between, own_server
from mingjing.bench.viewers import seated_viewers
from mingjing.bench.whep import seated_whep_viewers

OVERFLOWED = "mingjing_webrtc_overflowed_datagrams_total"  # found the port's buffer full, since the start


async def bench_live(load: LiveLoad, cache_dir: Path) -> Report:
    """Run the load on a server of its own, on loopback and with a disk of this machine.

    Raises:
        NotAllLiveError: not all devices were live in time.
        BenchProcessError: the generator or a client ended by itself.
    """
    with tempfile.TemporaryDirectory(prefix="mingjing-bench-") as folder:
        data_dir = Path(folder, "data")
        async with own_server(data_dir, load.names) as server:
            measured, sent = await under_load(server, load, cache_dir)
        archive = await asyncio.to_thread(count_archive, data_dir)
    account = settle(sent, archive)
    counted: dict[str, object] = {
        "units_sent": account.sent,
        "units_archived": archive.units,
        "units_lost": account.lost,
        "units_under_way": account.under_way,
        "units_duplicated": archive.duplicated,
        "units_disordered": archive.disordered,
    }
    if archive.unstamped:
        measured.warnings.append(f"{archive.unstamped} pictures of the archive have no true stamp")
    if account.worst:
        measured.remarks.append(f"most was lost of {account.worst}")
    if measured.dropped_mono_ns:
        counted |= reconnected(sent, archive, measured)
    return Report("live", load.params(), counted | measured.result, measured.warnings, measured.remarks)


async def under_load(server: OwnServer, load: LiveLoad, cache_dir: Path) -> tuple[Measured, list[Sent]]:
    """Everybody in, the measurement, everybody out; what was measured, and every publication there was."""
    where = server.publishing_address(load.stream.transport)
    async with Publishers.sending(where, server.logins, load.stream, cache_dir) as publishers:
        await all_live(server, load.devices)
        idle_percent = await measure_idle(load, server.pid)
        async with AsyncExitStack() as seats:
            crowds = await seat(server, load, seats)
            before = await asyncio.to_thread(server.metrics)
            measured = await measure(load, publishers, crowds, server.pid)
            after = await _asked_again(server, measured)
        sent = await publishers.stop()
    if after is not None:
        lag_p99_ms, lag_max_ms = lag_between(before, after)
        measured.result |= {"loop_lag_p99_ms": lag_p99_ms, "loop_lag_max_ms": lag_max_ms}
        if load.over_webrtc:
            measured.result["overflowed_datagrams"] = round(after[OVERFLOWED])
    measured.result["start_s"] = round(server.start_s, 2)
    if idle_percent is not None:
        measured.result["idle_cpu_percent"] = idle_percent
    return measured, sent


async def _asked_again(server: OwnServer, measured: Measured) -> Metrics | None:
    """A server that is overloaded may not answer; then its lag is not measured, and no gate on it is met."""
    try:
        return await asyncio.to_thread(server.metrics)
    except TimeoutError:
        measured.warnings.append(f"the server did not answer /metrics within {ANSWERS_WITHIN_S} s: it is overloaded")
        return None


async def seat(server: OwnServer, load: LiveLoad, seats: AsyncExitStack) -> Crowds:
    """Those who watch take their seats, and leave with `seats`."""
    crowds = Crowds()
    if load.viewers or load.openings:
        cookie = await asyncio.to_thread(server.log_in)
        watched = load.watched(load.viewers)
        if load.watch is Watch.WHEP:
            viewers = seated_whep_viewers(server.whep, server.page_headers(cookie), watched)
        else:
            viewers = seated_viewers(server.http, cookie, watched)
        crowds.viewers = await seats.enter_async_context(viewers)
    if load.players:
        user, password = await asyncio.to_thread(server.stream_password)
        players = seated_players(server.rtsp, user, password, load.watched(load.players))
        crowds.players = await seats.enter_async_context(players)
    return crowds


def reconnected(sent: list[Sent], archive: ArchiveCount, measured: Measured) -> dict[str, object]:
    """How long until the first picture of each device's next stream was received that is in the archive.

    Not asked of the server: its journals say when it received each picture, by the clock that is ours too.
    """
    devices = {publication.device for publication in sent}
    again_s: list[float] = []
    for device in devices:
        later = [ns for ns in archive.starts.get(device, {}).values() if ns > measured.dropped_mono_ns]
        if later:
            again_s.append((min(later) - measured.dropped_mono_ns) / 1e9)
    if len(again_s) < len(devices):
        words = f"{len(devices) - len(again_s)} devices were not recorded again: reconnect_all_s is of the others only"
        measured.warnings.append(words)
    return {"reconnect_all_s": round(max(again_s, default=0.0), 2), "reconnected": len(again_s)}
