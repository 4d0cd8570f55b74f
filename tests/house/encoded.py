"""Small clips that x264 and x265 make (by PyAV, in tests only): what the simulator's own coder cannot.

Kept in a folder for all test processes of a run.
"""

import os
from collections.abc import Mapping
from fractions import Fraction
from pathlib import Path

import av
import numpy as np

from mingjing.simulator import Clip
from mingjing.simulator.demuxed import demuxed_clip

_OPTIONS: Mapping[str, Mapping[str, str]] = {
    "libx264": {"preset": "ultrafast", "tune": "zerolatency", "threads": "1"},
    "libx265": {"preset": "ultrafast"},
}


def encoded_clip(
    cache: Path,
    name: str,
    *,
    codec: str = "libx264",
    size: tuple[int, int] = (64, 64),
    fps: int = 25,
    pictures: int = 50,
    **options: str,
) -> Clip:
    """A clip of moving stripes. `options` are the encoder's own."""
    path = cache / f"{name}.mp4"
    if not path.exists():
        cache.mkdir(parents=True, exist_ok=True)
        draft = cache / f"{name}.{os.getpid()}.mp4"  # two processes may make the same clip at once
        _encode(draft, codec, size, fps, pictures, {**_OPTIONS[codec], **options})
        draft.replace(path)
    return demuxed_clip(path)


def _encode(path: Path, codec: str, size: tuple[int, int], fps: int, pictures: int, options: Mapping[str, str]) -> None:
    width, height = size
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=fps, options=dict(options))
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        stream.codec_context.time_base = Fraction(1, fps)
        columns, rows = np.meshgrid(np.arange(width), np.arange(height))
        for n in range(pictures):
            luma = ((columns + rows + 3 * n) % 256).astype(np.uint8)
            chroma = np.full((height // 2, width), 128, np.uint8)
            picture = av.VideoFrame.from_ndarray(np.vstack([luma, chroma]), format="yuv420p")
            picture.pts = n
            container.mux(stream.encode(picture))
        container.mux(stream.encode(None))
