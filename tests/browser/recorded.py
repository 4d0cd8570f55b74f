"""Clips that ffmpeg encodes and pushes as a registered device: what the house's own clip is not.

Real encoders and a real RTSP client; pictures are small. The times of the pictures are those of the
file, and ffmpeg paces by them.
"""

import asyncio
import subprocess
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from tests.house.house import House

ENCODE_WITHIN_S = 60
SIZE = "320x180"


def encode(path: Path, *options: str, seconds: float, sound: bool = False) -> Path:
    """A moving test picture of 25 a second, encoded as the options say."""
    sources = ["-f", "lavfi", "-i", f"testsrc2=size={SIZE}:rate=25"]
    if sound:
        sources += ["-f", "lavfi", "-i", "sine=frequency=440:sample_rate=8000"]
    command = ["ffmpeg", "-v", "error", "-y", *sources, "-t", str(seconds), "-pix_fmt", "yuv420p", *options, str(path)]
    subprocess.run(command, check=True, timeout=ENCODE_WITHIN_S)
    return path


def picture_times(path: Path) -> list[float]:
    """Presentation times of all pictures, in order, in seconds."""
    command = ["ffprobe", "-v", "error", "-select_streams", "v", "-show_entries", "packet=pts_time", "-of", "csv=p=0"]
    listed = subprocess.run([*command, str(path)], check=True, capture_output=True, timeout=ENCODE_WITHIN_S)
    return sorted(float(line.strip(b",")) for line in listed.stdout.split())


@asynccontextmanager
async def pushed(house: House, device: str, clip: Path, *, loop: bool = False) -> AsyncIterator[Process]:
    """ffmpeg publishes the clip at its own pace; it is ended when the block is left."""
    url = f"{house.rtsp_url.replace('://', f'://{device}:{house.keys[device]}@')}/{device}"
    repeat = ["-stream_loop", "-1"] if loop else []
    command = [
        "-v",
        "error",
        *repeat,
        "-re",
        "-i",
        str(clip),
        "-c",
        "copy",
        "-f",
        "rtsp",
        "-rtsp_transport",
        "tcp",
        url,
    ]
    process = await asyncio.create_subprocess_exec("ffmpeg", *command, stdin=PIPE, stderr=PIPE)
    try:
        yield process
    finally:
        if process.returncode is None:
            process.terminate()
        await process.communicate()
