"""What a thumbnail costs: `python -m tests.workers.measure_thumbnail`, by size and codec of the pictures.

One process, one picture after the other, as a strip asks for them; pictures are ffmpeg's test picture with noise.
"""

import asyncio
import json
import subprocess
import tempfile
import time
from pathlib import Path

import av
import psutil

from media import Codec
from workers import KeyPicture, ThumbnailWorkers

SECONDS = 4
CODERS = {
    Codec.H264: ("-c:v", "libx264", "-preset", "veryfast"),
    Codec.H265: ("-c:v", "libx265", "-preset", "ultrafast", "-x265-params", "log-level=none"),
}
SIZES = {"640x360": "1M", "1280x720": "4M", "1920x1080": "6M", "3840x2160": "16M"}


def key_pictures(folder: Path, codec: Codec, size: str) -> list[KeyPicture]:
    path = folder / f"{codec.value}-{size}.mp4"
    source = ("-f", "lavfi", "-i", f"testsrc2=size={size}:rate=5:duration={SECONDS}", "-vf", "noise=alls=12:allf=t")
    coder = (*CODERS[codec], "-b:v", SIZES[size], "-g", "1", "-pix_fmt", "yuv420p")
    subprocess.run(["ffmpeg", "-v", "error", "-y", *source, *coder, str(path)], check=True)
    with av.open(str(path)) as container:
        record = container.streams.video[0].codec_context.extradata
        assert record is not None
        return [KeyPicture(codec, record, bytes(one)) for one in container.demux(video=0) if one.size]


async def measure() -> None:
    pool = ThumbnailWorkers(processes=1, tell=lambda trouble: None)
    async with asyncio.TaskGroup() as tasks:
        running = tasks.create_task(pool.run())
        began_s = time.monotonic()
        pool.expect()
        while not pool.pids():  # noqa: ASYNC110  nobody tells
            await asyncio.sleep(0.005)
        print(json.dumps({"start_s": round(time.monotonic() - began_s, 2)}))  # noqa: T201
        process = psutil.Process(next(iter(pool.pids())))
        with tempfile.TemporaryDirectory() as folder:
            for codec in CODERS:
                for size in SIZES:
                    pictures = await asyncio.to_thread(key_pictures, Path(folder), codec, size)
                    before, began_s = process.cpu_times(), time.monotonic()
                    made = [await pool.make("", picture) for picture in pictures]
                    after, took_s = process.cpu_times(), time.monotonic() - began_s
                    cpu_s = after.user + after.system - before.user - before.system
                    figures = {
                        "pictures": f"{codec.value} {size}",
                        "a_second": round(len(made) / took_s, 1),
                        "cpu_ms_each": round(1_000 * cpu_s / len(made), 1),
                        "kb_in": round(sum(len(one.sample) for one in pictures) / len(made) / 1_000),
                        "kb_out": round(sum(map(len, made)) / len(made) / 1_000, 1),
                        "rss_mb": process.memory_info().rss >> 20,
                    }
                    print(json.dumps(figures))  # noqa: T201
        running.cancel()


if __name__ == "__main__":
    asyncio.run(measure())
