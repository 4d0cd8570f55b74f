"""The benchmark's end of the fleet."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from mingjing.bench.conversation import BenchProcess
from mingjing.bench.histogram import Histogram
from mingjing.simulator import DeviceLogin, Interruption


@dataclass(frozen=True, slots=True)
class Stream:
    """What every device sends."""

    bitrate_kbps: int = 1_500
    fps: int = 25
    transport: str = "tcp"
    sound: bool = True


@dataclass(frozen=True, slots=True)
class Marks:
    """The fleet at one instant: each device's next number, and how late it sent since the marks before."""

    mono_ns: int
    numbers: dict[str, int]
    late: Histogram


@dataclass(frozen=True, slots=True)
class Sent:
    """One publication. Of one that was cut, what was under way at its end is lost, and nobody's fault."""

    device: str
    first_n: int
    last_n: int
    cut: bool

    @property
    def units(self) -> int:
        return self.last_n - self.first_n + 1


class Publishers:
    """Made by `sending`."""

    def __init__(self, process: BenchProcess) -> None:
        self._process = process
        self.pid = process.pid
        self.refusals: dict[str, int] = {}  # by device, once stopped

    @classmethod
    @asynccontextmanager
    async def sending(
        cls, server: str, logins: Sequence[DeviceLogin], stream: Stream, cache_dir: Path, prefix: str = ""
    ) -> AsyncIterator["Publishers"]:
        """The devices connect, and send until `stop` or the end of the block. `server` is rtsp://HOST:PORT."""
        task = {
            "server": server,
            "logins": [{"device": login.device, "key": login.key} for login in logins],
            "stream": asdict(stream),
            "cache_dir": str(cache_dir),
            "prefix": prefix,
        }
        process = await BenchProcess.start("mingjing.bench.load.process", task)
        try:
            yield cls(process)
        finally:
            await process.end()

    async def mark(self) -> Marks:
        answer = await self._process.ask("mark")
        return Marks(answer["mono_ns"], answer["numbers"], Histogram.from_json(answer["late"]))

    async def drop_all(self, back_within_s: float) -> int:
        """Reset every connection at once; each device calls again at a random moment within this time.

        Returns the monotonic time in nanoseconds just before the first reset.
        """
        answer = await self._process.ask("drop_all", back_within_s=back_within_s)
        return int(answer["mono_ns"])

    async def interrupt(self, device: str, how: Interruption, back_after_s: float) -> bool:
        """False: it was not publishing at that moment."""
        answer = await self._process.ask("interrupt", device=device, how=how.value, back_after_s=back_after_s)
        return bool(answer["done"])

    async def stop(self) -> list[Sent]:
        """All devices leave in good order; every publication there was, in order for each device."""
        answer = await self._process.stop()
        self.refusals = {report["device"]: report["refusals"] for report in answer["devices"]}
        return [
            Sent(report["device"], sent["first_n"], sent["last_n"], sent["cut"])
            for report in answer["devices"]
            for sent in report["sent"]
        ]
