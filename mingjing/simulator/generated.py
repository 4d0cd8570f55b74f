"""The generated clip: made once for each set of options, then kept in a file.

The file is ours alone: a line of JSON with the sizes, then the NAL units and frames one after
another. One that cannot be read is made anew. The version below changes with the scene or the coder.
"""

import json
import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from hashlib import sha256
from pathlib import Path

from media import Codec
from mingjing.simulator.clip import (
    PACKET_BYTES,
    VIDEO_CLOCK,
    Clip,
    ClipError,
    PayloadSeries,
    Sound,
    Video,
    cut_sound,
    cut_video,
    video_unit,
)
from mingjing.simulator.mosaic import EncodedPicture, MosaicStream, encode, label_units
from mingjing.simulator.tone import FRAME_SAMPLES, TONES, tone

CLIP_VERSION = 1
FILE_MAX_BYTES = 1 << 30


@dataclass(frozen=True, slots=True)
class ClipOptions:
    """What the generated clip is like. Eight seconds are whole frames of sound and of 25 pictures a second."""

    width: int = 640
    height: int = 360
    fps: int = 25
    bitrate_kbps: int = 1_500
    gop: int = 50
    seconds: int = 8
    sound: bool = True
    sound_codec: Codec = Codec.AAC

    @property
    def gops(self) -> int:
        """Groups of pictures in the clip.

        Raises:
            ClipError: the clip is no whole number of groups, or less than two.
        """
        count, rest = divmod(self.seconds * self.fps, self.gop) if self.gop > 0 else (0, 0)
        if rest or count < 2:
            raise ClipError(
                f"{self.seconds} s at {self.fps} a second are not two or more groups of {self.gop} pictures"
            )
        return count


def generated_clip(options: ClipOptions, cache_dir: Path, packet_bytes: int = PACKET_BYTES) -> Clip:
    """The clip, from the cache or made now (a few seconds of one core), for packets of so many bytes at most.

    Raises:
        ClipError: options that cannot be.
    """
    path = cache_dir / f"clip-{_digest(options)}.bin"
    material = _load(path)
    if material is None:
        material = _make(options)
        _save(path, material)
    stream, sound = material
    return _cut(options, stream, sound, packet_bytes)


_Material = tuple[MosaicStream, list[bytes]]


def _digest(options: ClipOptions) -> str:
    words = json.dumps({"version": CLIP_VERSION, **asdict(options)}, sort_keys=True)
    return sha256(words.encode()).hexdigest()[:16]


def _make(options: ClipOptions) -> _Material:
    try:
        stream = encode(
            width=options.width,
            height=options.height,
            fps=options.fps,
            bitrate_kbps=options.bitrate_kbps,
            gop=options.gop,
            gops=options.gops,
        )
    except ValueError as error:
        raise ClipError(f"no clip like that can be made: {error}") from error
    return stream, tone(options.seconds, options.sound_codec) if options.sound else []


def _cut(options: ClipOptions, stream: MosaicStream, sound: list[bytes], packet_bytes: int) -> Clip:
    units = tuple(
        video_unit(
            Codec.H264,
            (*stream.parameter_sets, *picture.units) if picture.key else picture.units,
            key=picture.key,
            label=picture.idr_id if picture.key else -1,
            decode_ticks=number * VIDEO_CLOCK // options.fps,
            show_ticks=number * VIDEO_CLOCK // options.fps,
            packet_bytes=packet_bytes,
        )
        for number, picture in enumerate(stream.pictures)
    )
    video = Video(Codec.H264, units, len(units) * VIDEO_CLOCK // options.fps, stream.parameter_sets)

    def label(text: str) -> tuple[PayloadSeries, ...]:
        units = label_units(text, width=options.width, gops=options.gops)
        return tuple(cut_video(Codec.H264, (unit,), packet_bytes) for unit in units)

    if not sound:
        return Clip(video, None, label)
    codec = options.sound_codec
    frames = tuple(cut_sound(codec, frame) for frame in sound)
    return Clip(video, Sound(TONES[codec], frames, FRAME_SAMPLES[codec]), label)


def _save(path: Path, material: _Material) -> None:
    stream, sound = material
    header = {
        "size": [stream.width, stream.height, stream.fps],
        "sets": [len(unit) for unit in stream.parameter_sets],
        "pictures": [
            [picture.key, picture.idr_id, [len(unit) for unit in picture.units]] for picture in stream.pictures
        ],
        "sound": [len(frame) for frame in sound],
    }
    parts = [*stream.parameter_sets, *(unit for picture in stream.pictures for unit in picture.units), *sound]
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_suffix(f".{os.getpid()}.tmp")  # two processes may make the same clip at once
    draft.write_bytes(json.dumps(header).encode() + b"\n" + b"".join(parts))
    draft.replace(path)


def _load(path: Path) -> _Material | None:
    try:
        if path.stat().st_size > FILE_MAX_BYTES:
            return None
        head, _, body = path.read_bytes().partition(b"\n")
        header = json.loads(head)
        pieces = _Pieces(body)
        width, height, fps = (int(value) for value in header["size"])
        sps, pps = pieces.take(header["sets"])
        pictures = tuple(
            EncodedPicture(bool(key), int(idr_id), pieces.take(sizes)) for key, idr_id, sizes in header["pictures"]
        )
        return MosaicStream(width, height, fps, (sps, pps), pictures), list(pieces.take(header["sound"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None


class _Pieces:
    """Bytes handed out in order."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    def take(self, sizes: Sequence[int]) -> tuple[bytes, ...]:
        """The next pieces of these sizes. Raises ValueError where the data end too soon."""
        pieces = []
        for size in sizes:
            piece = self._data[self._at : self._at + size]
            if size <= 0 or len(piece) != size:
                raise ValueError("a clip that was cut off")
            pieces.append(piece)
            self._at += size
        return tuple(pieces)
