"""Whether a measurement can be believed: was the load what it should be, and was who measured quick enough?"""

from mingjing.bench.histogram import Histogram
from mingjing.bench.live.plan import LiveLoad
from mingjing.bench.meter import Cost, Host

SATURATED_PERCENT = 85.0  # of a core, for one process: beyond, what it measures is its own queue
DELIVERED_MIN_PERCENT = 99.0  # of the pictures that were due in the measurement
STEAL_REMARK_PERCENT = 10.0  # of one core: worth repeating the run
CLIENT_LAG_REMARK_MS = 20.0


def doubts_about_load(load: LiveLoad, generator: Cost, late: Histogram, sent: int, seconds: float) -> list[str]:
    """`sent` is the pictures of all devices within `seconds`."""
    doubts = []
    if generator.busiest_cpu_percent >= SATURATED_PERCENT:
        doubts.append(f"the generator was saturated: {generator.busiest_cpu_percent} % of a core")
    interval_ms = 1_000 / load.stream.fps
    if (late_ms := late.percentile_ms(99)) > interval_ms:
        doubts.append(f"the generator sent late: p99 {late_ms:.0f} ms, a picture is due every {interval_ms:.0f} ms")
    delivered = delivered_percent(load, sent, seconds)
    if not load.reconnect and delivered < DELIVERED_MIN_PERCENT:
        doubts.append(f"only {delivered} % of the load was sent: the server or the generator did not keep up")
    return doubts


def delivered_percent(load: LiveLoad, sent: int, seconds: float) -> float:
    return round(100 * sent / (load.devices * load.stream.fps * seconds), 1)


def doubts_about_clients(name: str, cost: Cost, numbers: dict[str, int], *, may_be_silent: bool) -> list[str]:
    doubts = []
    if cost.busiest_cpu_percent >= SATURATED_PERCENT:
        doubts.append(f"a process of {name} was saturated: {cost.busiest_cpu_percent} % of a core")
    if numbers["refused"]:
        doubts.append(f"{numbers['refused']} {name} were not let in")
    if numbers["closed"]:
        doubts.append(f"{numbers['closed']} {name} were closed by the server")
    if numbers["silent"] and not may_be_silent:
        doubts.append(f"{numbers['silent']} {name} had no picture for a second at the end: their loss is not counted")
    if numbers["damaged"]:
        doubts.append(f"{name} found {numbers['damaged']} damaged or strange pictures")
    return doubts


def remarks_about(host: Host, client_lag_ms: float) -> list[str]:
    remarks = []
    if host.steal_percent >= STEAL_REMARK_PERCENT:
        remarks.append(f"the host took {host.steal_percent} % of a core for others: run it again")
    if client_lag_ms > CLIENT_LAG_REMARK_MS:
        remarks.append(f"the clients themselves were late by {client_lag_ms:.0f} ms (p99), which is in the latencies")
    return remarks
