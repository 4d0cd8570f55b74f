"""What is looked at every few seconds: the server's process from outside, and its own numbers."""

import asyncio
import time
from dataclasses import dataclass

from mingjing.bench import meter
from mingjing.bench.server import OwnServer


@dataclass(frozen=True, slots=True)
class Sample:
    """At one moment; CPU and steal are since the sample before."""

    at_s: float  # since the beginning
    rss_mb: float
    open_files: int
    threads: int
    tasks: int  # of the event loop
    cpu_percent: float
    loop_lag_p99_ms: float  # of the last minute
    loop_lag_max_ms: float
    live: int  # channels
    viewers: int
    rows_waiting: int
    steal_percent: float


class Sampler:
    """Adds to `samples` until cancelled."""

    def __init__(self, server: OwnServer, every_s: float, samples: list[Sample]) -> None:
        self._samples = samples
        self._server = server
        self._every_s = every_s
        self._began_s = time.monotonic()
        self._before = meter.read(server.pid)

    async def run(self) -> None:
        while True:
            await asyncio.sleep(self._every_s)
            self._samples.append(await asyncio.to_thread(self._take))

    def _take(self) -> Sample:
        """The process first: asking the server is itself something it does."""
        now = meter.read(self._server.pid)
        before, self._before = self._before, now
        told = self._server.metrics()
        return Sample(
            at_s=round(time.monotonic() - self._began_s, 1),
            rss_mb=round(now.rss_bytes / 1e6, 2),
            open_files=now.open_files,
            threads=now.threads,
            tasks=round(told["mingjing_asyncio_tasks"]),
            cpu_percent=meter.cpu_percent(before, now),
            loop_lag_p99_ms=round(told['mingjing_loop_lag_milliseconds{quantile="0.99"}'], 1),
            loop_lag_max_ms=round(told['mingjing_loop_lag_milliseconds{quantile="1"}'], 1),
            live=round(told['mingjing_channels{state="live"}']),
            viewers=round(told.total("mingjing_channel_viewers")),
            rows_waiting=round(told["mingjing_archive_rows_waiting"]),
            steal_percent=meter.steal_percent(before, now),
        )
