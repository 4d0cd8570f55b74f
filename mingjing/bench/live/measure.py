"""One measurement: everybody is connected and settled, counters are read, time passes, counters are read again."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from mingjing.bench.clients import Clients, Visits
from mingjing.bench.histogram import Histogram
from mingjing.bench.live.plan import LiveLoad
from mingjing.bench.live.trust import delivered_percent, doubts_about_clients, doubts_about_load, remarks_about
from mingjing.bench.load import Publishers
from mingjing.bench.meter import Meter

DROPS_AT = 1 / 3  # of the measurement
BACK_WITHIN_S = 2.0  # P7
WORK_LOOK_S = 0.2  # so late may the end of work be seen


@dataclass(slots=True)
class Crowds:
    """Who watches: by name, each with what it may be asked for."""

    viewers: Clients | None = None
    players: Clients | None = None

    def named(self) -> dict[str, Clients]:
        return {name: clients for name in ("viewers", "players") if (clients := getattr(self, name)) is not None}


@dataclass(slots=True)
class Measured:
    result: dict[str, object] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)
    dropped_mono_ns: int = 0  # when the devices were cut off, if they were


async def measure_idle(load: LiveLoad, server_pid: int | None) -> float | None:
    """Percent that the server takes with its devices and without anybody who watches; None: nobody asks, or can see."""
    if not load.idle_share or server_pid is None:
        return None
    await asyncio.sleep(load.settle_s)
    meter = Meter(server=[server_pid])
    meter.begin()
    await meter.watch(load.seconds * load.idle_share)
    return meter.costs()["server"].cpu_percent


async def measure(
    load: LiveLoad,
    publishers: Publishers,
    crowds: Crowds,
    server_pid: int | None,
    work: Callable[[], None] | None = None,
) -> Measured:
    """The figures of the server's processes, of the clients, and of the load itself: of the load's seconds, or of as
    long as `work` takes, which blocks and is done in a thread.
    """
    await asyncio.sleep(load.settle_s)
    named = crowds.named()
    pids = {name: clients.pids for name, clients in named.items()}
    meter = Meter(server=[server_pid] if server_pid else [], generator=[publishers.pid], **pids)
    measured = Measured()
    for name, clients in named.items():
        visits = Visits(load.openings) if name == "viewers" or crowds.viewers is None else Visits()
        await clients.begin(load.seconds, load.watched(load.devices), visits)
    before = await publishers.mark()
    meter.begin()
    if work is not None:
        working = asyncio.get_running_loop().run_in_executor(None, work)
        while not working.done():
            await meter.watch(WORK_LOOK_S)
        await working
    elif load.reconnect:
        await meter.watch(load.seconds * DROPS_AT)
        measured.dropped_mono_ns = await publishers.drop_all(BACK_WITHIN_S)
        await meter.watch(load.seconds * (1 - DROPS_AT))
    else:
        await meter.watch(load.seconds)
    after = await publishers.mark()
    costs, host = meter.costs(), meter.host()
    seconds = (after.mono_ns - before.mono_ns) / 1e9
    sent = sum(after.numbers.values()) - sum(before.numbers.values())
    if (server := costs.get("server")) is not None:
        measured.result |= {
            "cpu_percent": server.cpu_percent,
            "rss_mb": server.rss_mb,
            "open_files": server.open_files,
            "threads": server.threads,
        }
    measured.warnings += doubts_about_load(load, costs["generator"], after.late, sent, seconds)
    lag_ms = 0.0
    for name, clients in named.items():
        numbers, durations = await clients.end()
        measured.result |= _figures(name.removesuffix("s"), numbers, durations)
        measured.result[f"{name}_cpu_percent"] = costs[name].cpu_percent
        measured.result[f"{name}_busiest_cpu_percent"] = costs[name].busiest_cpu_percent
        measured.warnings += doubts_about_clients(name, costs[name], numbers, may_be_silent=load.reconnect)
        lag_ms = max(lag_ms, durations["own_lag"].percentile_ms(99))
    measured.result |= {
        "load_delivered_percent": delivered_percent(load, sent, seconds),
        "sender_late_p99_ms": after.late.percentile_ms(99),
        "generator_cpu_percent": costs["generator"].cpu_percent,
        "generator_rss_mb": costs["generator"].rss_mb,
        "client_lag_p99_ms": lag_ms,
        "steal_percent": host.steal_percent,
        "host_load": host.load,
        "host_memory_free_mb": host.memory_free_mb,
        "measured_s": host.seconds,
    }
    measured.remarks += remarks_about(host, lag_ms)
    return measured


def _figures(who: str, numbers: Mapping[str, int], durations: Mapping[str, Histogram]) -> dict[str, object]:
    """Of one crowd. Viewers' latency has no prefix: it is the one that the gates name."""
    prefix = "" if who == "viewer" else f"{who}_"
    latency, first = durations["latency"], durations["first_picture"]
    figures: dict[str, object] = {
        f"{who}_units_received": numbers["received"],
        f"{who}_units_lost": numbers["lost"],
        f"{who}_units_duplicated": numbers["duplicated"],
        f"{who}_skips": numbers["skips"],
        f"{who}s_silent": numbers["silent"],
        f"{prefix}latency_p50_ms": latency.percentile_ms(50),
        f"{prefix}latency_p99_ms": latency.percentile_ms(99),
        f"{prefix}latency_max_ms": latency.percentile_ms(100),
        f"{prefix}latency_samples": latency.count,
    }
    if first.count:
        figures |= {
            f"{prefix}first_picture_p50_ms": first.percentile_ms(50),
            f"{prefix}first_picture_p95_ms": first.percentile_ms(95),
            f"{prefix}first_picture_samples": first.count,
            f"{prefix}first_picture_failed": numbers["visits_failed"],
        }
    return figures
