"""What it costs to make a channel's sound into Opus: `python -m tests.workers.measure_transcode`.

Processor time of a second of sound, in percent of one core, the best of some rounds, in this process; and what a
worker holds in memory, empty and with sixty channels.
"""

import asyncio
import time
from itertools import chain

import psutil

from media import AudioConfig
from tests.workers.ear import Ear
from tests.workers.tones import AAC_16, AAC_44, AAC_48, ALAW, Unit, tone
from workers import SoundWorkers
from workers.inside.transcoder import Transcoder

SECONDS = 10
ROUNDS = 5
CHANNELS = 60
KINDS = {"G.711, 8 kHz": ALAW, "AAC, 16 kHz mono": AAC_16, "AAC, 48 kHz mono": AAC_48, "AAC, 44.1 kHz stereo": AAC_44}


def percent(config: AudioConfig, units: list[Unit]) -> tuple[float, float]:
    """Of a core, and kbit/s that come of it."""
    best_s, made_bytes = float("inf"), 0
    for _ in range(ROUNDS):
        transcoder = Transcoder(config)
        began_s = time.process_time()
        made = list(chain.from_iterable(transcoder.take(unit.payload[0], unit.pts, False) for unit in units))
        best_s = min(best_s, time.process_time() - began_s)
        made_bytes = sum(len(packet.payload) for packet in made)
    return best_s / SECONDS * 100, made_bytes * 8 / 1_000 / SECONDS


async def memory_mb() -> tuple[float, float]:
    """What belongs to one worker alone, empty and with all channels (unique set size)."""
    pool = SoundWorkers(processes=1, now_ns=time.monotonic_ns, tell=print)
    units = tone(AAC_44, 1.0)
    async with asyncio.TaskGroup() as tasks:
        running = tasks.create_task(pool.run())
        ears = [Ear() for _ in range(CHANNELS)]
        transcodes = [pool.open(f"dev{n}/main", AAC_44, ear) for n, ear in enumerate(ears)]
        while not pool.loads():  # noqa: ASYNC110  nobody tells
            await asyncio.sleep(0.01)
        process = psutil.Process(next(iter(pool.loads())))
        empty = process.memory_full_info().uss / 1e6
        for unit in units:
            for transcode in transcodes:
                transcode.push(unit)
        while any(transcode.unanswered for transcode in transcodes):  # noqa: ASYNC110  nobody tells
            await asyncio.sleep(0.01)
        full = process.memory_full_info().uss / 1e6
        running.cancel()
    return empty, full


def main() -> None:
    print("| sound | of a core | comes out as |\n|---|---|---|")  # noqa: T201
    for name, config in KINDS.items():
        cost, kbps = percent(config, tone(config, SECONDS))
        print(f"| {name} | {cost:.2f} % | {kbps:.0f} kbit/s |")  # noqa: T201
    empty, full = asyncio.run(memory_mb())
    print(f"\na worker holds {empty:.0f} MB of its own, with {CHANNELS} channels {full:.0f} MB")  # noqa: T201


if __name__ == "__main__":
    main()
