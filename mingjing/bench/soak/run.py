"""One soak: everybody in, time passes, everybody out; then what is left is read back, and the store is checked."""

import asyncio
import sys
import tempfile
from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack, suppress
from pathlib import Path

from websockets.exceptions import WebSocketException

from mingjing.bench.clients import Visits
from mingjing.bench.conversation import BenchProcessError
from mingjing.bench.load import Marks, Publishers
from mingjing.bench.meter import Meter
from mingjing.bench.report import Report
from mingjing.bench.server import OwnServer, all_live, own_server
from mingjing.bench.soak.plan import IMPOSTORS, Layout, SoakPlan
from mingjing.bench.soak.samples import Sampler
from mingjing.bench.soak.soaked import Soaked
from mingjing.bench.soak.summary import report_of
from mingjing.bench.soak.tally import Tally
from mingjing.bench.soak.unrest import Unrest
from mingjing.bench.viewers import seated_viewers
from mingjing.simulator import DeviceLogin

SETTLE_S = 3.0
ACTIVE_EVERY_S = 240.0  # a session ends after 15 minutes in which nobody did anything: three times may fail
EVERYBODY_THERE = "everybody is there: the time runs"
WRONG_KEY = "no device has this key"
# A process is gone, or does not answer: what was seen until then is told all the same.
BREAKS_OFF = (BenchProcessError, RuntimeError, OSError)


async def soak_server(
    plan: SoakPlan,
    cache_dir: Path,
    data_dir: Path | None = None,
    *,
    stop: asyncio.Event | None = None,
    told: Callable[[str], None] = lambda _words: None,
) -> Report:
    """Run it. `data_dir` is a folder that does not exist yet or is empty, and stays; None: a temporary one.

    `stop` ends it in good order before its time: what it has by then is reported.

    Raises:
        ValueError: the folder is in use, or the disk is too small.
        NotAllLiveError: as `bench_live`.
        RuntimeError: it broke off before there was anything to tell.
    """
    with ExitStack() as folders:
        if data_dir is None:
            data_dir = Path(folders.enter_context(tempfile.TemporaryDirectory(prefix="mingjing-soak-")), "data")
        elif data_dir.exists() and any(data_dir.iterdir()):
            raise ValueError(f"{data_dir} is not empty: a soak begins with a new folder")
        data_dir.mkdir(parents=True, exist_ok=True)
        layout = plan.laid_out(data_dir)
        load = f"{plan.devices} devices × {layout.bitrate_kbps} kbit/s for {plan.seconds:.0f} s"
        told(f"{load}, ring of {layout.ring_gigabytes} GB")
        soaked = Soaked()
        with Tally(data_dir) as tally:
            try:
                await _soak(plan, layout, data_dir, cache_dir, tally, soaked, stop or asyncio.Event(), told)
            except* BREAKS_OFF as group:
                soaked.broken = _words(group).replace(str(data_dir), "DATA_DIR")
            if soaked.broken and not soaked.samples:
                raise RuntimeError(soaked.broken)
            told("reading back what is left of the archive, and checking the store")
            soaked.archive = await tally.finish()
        soaked.deleted_unread = tally.deleted_unread
        soaked.segments_left = sum(1 for _ in data_dir.glob("media/[0-9]*/*/*/*.mp4"))
        soaked.faults = (await _store_check(data_dir)).replace(str(data_dir), "DATA_DIR")
    return report_of(plan, layout, soaked)


async def _soak(
    plan: SoakPlan,
    layout: Layout,
    data_dir: Path,
    cache_dir: Path,
    tally: Tally,
    soaked: Soaked,
    stop: asyncio.Event,
    told: Callable[[str], None],
) -> None:
    names = [f"soak-{number:04d}" for number in range(1, plan.devices + 1)]
    impostors = [DeviceLogin(name, WRONG_KEY) for name in names[:IMPOSTORS]]
    stream = layout.stream()
    async with (
        own_server(data_dir, names, layout.tuning()) as server,
        Publishers.sending(server.rtsp, server.logins, stream, cache_dir) as publishers,
        Publishers.sending(server.rtsp, impostors, stream, cache_dir) as strangers,
    ):
        await all_live(server, plan.devices)
        try:
            await _time_passes(plan, server, publishers, names, tally, soaked, stop, told)
        finally:
            soaked.sent = await publishers.stop()
            soaked.impostor_units = sum(sent.units for sent in await strangers.stop())
            soaked.impostor_refusals = list(strangers.refusals.values())


async def _time_passes(
    plan: SoakPlan,
    server: OwnServer,
    publishers: Publishers,
    names: list[str],
    tally: Tally,
    soaked: Soaked,
    stop: asyncio.Event,
    told: Callable[[str], None],
) -> None:
    cookie = await asyncio.to_thread(server.log_in)
    watched = [names[number % len(names)] for number in range(plan.viewers)]
    async with seated_viewers(server.http, cookie, watched) as viewers:
        await asyncio.sleep(SETTLE_S)
        sampler = Sampler(server, plan.sampled_every_s, soaked.samples)
        unrest = Unrest(publishers, names, plan.disturbed_every_s, plan.seed, soaked.disturbances)
        meter = Meter(server=[server.pid], generator=[publishers.pid], viewers=viewers.pids)
        await viewers.begin(plan.seconds, names, Visits(plan.visits, plan.stay_s))
        await publishers.mark()
        meter.begin()
        told(EVERYBODY_THERE)
        async with asyncio.TaskGroup() as group:
            tasks = [
                group.create_task(sampler.run(), name="samples"),
                group.create_task(unrest.run(), name="unrest"),
                group.create_task(tally.run(), name="tally"),
                group.create_task(_be_active(server, cookie), name="supervisor"),
            ]
            await meter.watch(plan.seconds, stop)
            for task in tasks:
                task.cancel()
        soaked.interrupted = stop.is_set()
        numbers, soaked.durations = await viewers.end()
        soaked.viewers = Counter(numbers)
    soaked.figures = _figures(meter, await publishers.mark())


async def _be_active(server: OwnServer, cookie: str) -> None:
    while True:
        await asyncio.sleep(ACTIVE_EVERY_S)
        with suppress(OSError, WebSocketException):
            await asyncio.to_thread(server.be_active, cookie)


def _figures(meter: Meter, marks: Marks) -> dict[str, object]:
    costs, host = meter.costs(), meter.host()
    server = costs["server"]
    return {
        "soaked_s": host.seconds,
        "cpu_percent": server.cpu_percent,
        "rss_mb": server.rss_mb,
        "open_files": server.open_files,
        "threads": server.threads,
        "generator_cpu_percent": costs["generator"].cpu_percent,
        "viewers_cpu_percent": costs["viewers"].cpu_percent,
        "sender_late_p99_ms": marks.late.percentile_ms(99),
        "steal_percent": host.steal_percent,
        "host_load": host.load,
        "host_memory_free_mb": host.memory_free_mb,
    }


def _words(error: BaseException) -> str:
    """Of the first that went wrong."""
    if isinstance(error, BaseExceptionGroup):
        return _words(error.exceptions[0])
    return str(error) or type(error).__name__


async def _store_check(data_dir: Path) -> str:
    """What `mingjing store check` finds wrong; empty when nothing is."""
    check = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "mingjing", "store", "check", "--data-dir", str(data_dir)),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        start_new_session=True,
    )
    said, _ = await check.communicate()
    return "" if check.returncode == 0 else said.decode(errors="replace").strip()
