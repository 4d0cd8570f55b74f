"""What burning words in costs: `python -m tests.workers.measure_burn_in [CLIP.mp4]`, seconds of CPU a minute of 720p.

Without a clip the pictures are ffmpeg's test picture in H.264 at 4 Mbit/s, which moves more than a street does.
"""

import asyncio
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import av

from media import Codec
from workers import BurnOrder, Lettering, Zone, burning

SECONDS = 20
UTC_NS = 1_790_000_000_000_000_000
WORDS = Lettering(
    (Zone("UTC+08:00", 28_800), Zone("UTC", 0)), ("案号 甲-1　设备 dev1/main",), ("查看人 乙",), "乙 甲-1"
)


def made_clip(folder: Path) -> Path:
    path = folder / "clip.mp4"
    source = f"testsrc2=size=1280x720:rate=25:duration={SECONDS}"
    noise = "noise=alls=12:allf=t"
    coder = ("-c:v", "libx264", "-preset", "veryfast", "-b:v", "4M", "-g", "50", "-pix_fmt", "yuv420p")
    command = ["ffmpeg", "-v", "error", "-y", "-f", "lavfi", "-i", source, "-vf", noise, *coder, str(path)]
    subprocess.run(command, check=True)
    return path


async def measure(path: Path) -> dict[str, float]:
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        record, size = stream.codec_context.extradata, (stream.width, stream.height)
        packets = [(int(one.pts * one.time_base * 90_000), bytes(one)) for one in container.demux(video=0) if one.size]
    assert record is not None
    before, began_s, bytes_out = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic(), 0
    async with burning(BurnOrder(Codec.H264, record, *size, WORDS)) as process:
        for pts, sample in packets:
            bytes_out += sum(len(one.data) for one in (await process.picture(pts, UTC_NS + pts, sample)).pictures)
        bytes_out += sum(len(one.data) for one in (await process.finish()).pictures)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    minutes = len(packets) / 1_500
    cpu_s = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return {
        "pictures": len(packets),
        "cpu_s_per_minute": round(cpu_s / minutes, 1),
        "elapsed_s_per_minute": round((time.monotonic() - began_s) / minutes, 1),
        "kbit_per_s_in": round(sum(len(sample) for _, sample in packets) * 8 / minutes / 60_000),
        "kbit_per_s_out": round(bytes_out * 8 / minutes / 60_000),
        "rss_max_mb": round(after.ru_maxrss / 1_024),
    }


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(sys.argv[1]) if len(sys.argv) > 1 else made_clip(Path(folder))
        print(json.dumps(asyncio.run(measure(path))))  # noqa: T201


if __name__ == "__main__":
    main()
