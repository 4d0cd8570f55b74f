"""What a round costs with 200 streams, and what a proof does: `python -m tests.recorder.measure_notary`.

Rounds run in their own thread; `loop` is how late a task of the event loop was while they did.
"""

import asyncio
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

from tests.recorder.stage import Stage
from tests.recorder.test_notary import office_in

STREAMS, ROUNDS = 200, 20


def say(words: str) -> None:
    sys.stdout.write(words + "\n")


async def lateness(found: list[float]) -> None:
    while True:
        due = time.perf_counter() + 0.001
        await asyncio.sleep(0.001)
        found.append(time.perf_counter() - due)


async def measure(root: Path) -> None:
    stage = Stage(root)
    async with office_in(root, stage=stage) as office, asyncio.TaskGroup() as group:
        devices = [stage.device(f"dev{number}") for number in range(STREAMS)]
        rounds, cpu, late = list[float](), list[float](), list[float]()
        watching = group.create_task(lateness(late))
        for number in range(ROUNDS):
            for device in devices:
                device.push(2, size=200)
            await asyncio.to_thread(stage.turn)
            await office.enter(*(f"entry {number} {n}" for n in range(28)))
            late.clear()
            began, began_cpu = time.perf_counter(), time.process_time()
            await office.round()
            rounds.append((time.perf_counter() - began) * 1e3)
            cpu.append((time.process_time() - began_cpu) * 1e3)
            late_ms = max(late, default=0) * 1e3
            say(f"round {number}: {rounds[-1]:.1f} ms, CPU {cpu[-1]:.1f} ms, loop late {late_ms:.1f} ms")
        say(f"median {median(rounds):.1f} ms, CPU {median(cpu):.1f} ms; {office.notary.heads.size} leaves")
        began = time.perf_counter()
        report = await office.notary.verify()
        assert report.intact
        say(f"proof of {report.leaves} leaves: {report.leaves / (time.perf_counter() - began):,.0f} a second")
        leaves = (root / "heads" / "leaves").glob("*.jsonl")
        say(f"{sum(path.stat().st_size for path in leaves) / report.leaves:.0f} bytes a leaf")
        watching.cancel()
        stage.finish()


if __name__ == "__main__":
    with tempfile.TemporaryDirectory(dir=sys.argv[1] if len(sys.argv) > 1 else None) as folder:
        asyncio.run(measure(Path(folder)))
