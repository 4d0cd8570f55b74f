"""What a film costs: `python -m tests.recorder.export.measure_films [MINUTES]` of 4 Mbit/s, laid out and told.

Pictures are filled up to their size; the store is made in the present folder, and removed.
"""

import asyncio
import json
import resource
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

from media import AccessUnit, Codec
from tests.media import clips
from tests.recorder.export.vault import Vault, later

PICTURE_BYTES = 20_000
FILLER = b"\x0c"  # a NAL unit of H.264 that decoders skip


def filled(unit: AccessUnit) -> AccessUnit:
    missing = PICTURE_BYTES - unit.size_bytes
    return replace(unit, payload=(*unit.payload, FILLER + bytes(missing))) if missing > 0 else unit


def write(vault: Vault, minutes: int) -> None:
    footage, tone = clips.video_clip("baseline"), clips.sound_clip(Codec.AAC)
    footage = replace(footage, units=tuple(map(filled, footage.units)))
    recorded = clips.fragments([footage, tone])
    for minute in range(minutes):
        repeated = [
            one
            for n in range(20 * minute, 20 * minute + 20)
            for one in later(recorded, 3 * n, sequence=n * len(recorded))
        ]
        vault.write([footage.track, tone.track], repeated)


async def measure(vault: Vault) -> dict[str, float]:
    rss_kb, cpu_s = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.process_time()
    async with vault.playable() as playable:
        (part,) = playable.parts(1)
        laid_cpu_s = time.process_time()
        told = sum(map(len, part.chunks()))
        assert told == part.size_bytes
        return {
            "size_mb": round(told / 1e6),
            "header_kb": round(len(playable.films[0].header) / 1e3),
            "lay_out_cpu_s": round(laid_cpu_s - cpu_s, 2),
            "tell_cpu_s": round(time.process_time() - laid_cpu_s, 2),
            "rss_grown_mb": round((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - rss_kb) / 1_024, 1),
        }


def main() -> None:
    minutes = int(sys.argv[1]) if len(sys.argv) > 1 else 1
    with tempfile.TemporaryDirectory(dir=".") as folder:
        vault = Vault(Path(folder))
        write(vault, minutes)
        print(json.dumps({"minutes": minutes, **asyncio.run(measure(vault))}))  # noqa: T201
        vault.lock.release()


if __name__ == "__main__":
    main()
