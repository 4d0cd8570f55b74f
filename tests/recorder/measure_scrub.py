"""How fast recordings are hashed again, what it costs, and how late the event loop is meanwhile.

    python -m tests.recorder.measure_scrub

Not a test: it takes its time, and its numbers depend on the machine. docs/design/scrubber.md has some.
"""

import asyncio
import json
import sys
import tempfile
import time
from pathlib import Path

from media import GapCause
from tests.recorder.test_scrubber import cellar_in

PICTURES, PICTURE_BYTES = 1_500, 20_000  # a minute of 4 Mbit/s
SEGMENTS = 10
RATES = (32_000_000, 128_000_000, 1 << 40)


async def lateness(stop: asyncio.Event, found: list[float]) -> None:
    while not stop.is_set():
        due = time.monotonic() + 0.005
        await asyncio.sleep(0.005)
        found.append(time.monotonic() - due)


async def measure() -> None:
    with tempfile.TemporaryDirectory() as folder:
        async with cellar_in(Path(folder)) as cellar:
            for number in range(SEGMENTS):
                device = cellar.stage.device(f"dev{number}")
                for _ in range(PICTURES // 50):
                    device.push(50, size=PICTURE_BYTES)
                    cellar.stage.turn()
                device.end(GapCause.OFFLINE)
                cellar.stage.turn()
                cellar.stage.turn()
                cellar.sealed += cellar.stage.sealed
                await cellar.index.add(cellar.stage.sealed)
                cellar.stage.sealed.clear()
            size = sum(segment.size_bytes for segment in cellar.sealed)
            for rate in RATES:
                cellar.open(bytes_a_second=rate)
                cellar.stage.clock.pass_s(86_401)
                late: list[float] = []
                async with asyncio.TaskGroup() as group:
                    stop = asyncio.Event()
                    group.create_task(lateness(stop, late), name="lateness")
                    wall, cpu = time.monotonic(), time.process_time()
                    assert await cellar.go_round() == {}
                    wall, cpu = time.monotonic() - wall, time.process_time() - cpu
                    stop.set()
                late.sort()
                figures = {
                    "limit_mb_s": None if rate == RATES[-1] else rate / 1e6,
                    "mb_s": round(size / wall / 1e6, 1),
                    "cpu_percent": round(100 * cpu / wall, 1),
                    "cpu_ms_per_mb": round(cpu * 1e9 / size, 2),
                    "loop_late_p99_ms": round(1e3 * late[int(len(late) * 0.99)], 2),
                    "loop_late_max_ms": round(1e3 * late[-1], 2),
                }
                sys.stdout.write(json.dumps(figures) + "\n")


if __name__ == "__main__":
    asyncio.run(measure())
