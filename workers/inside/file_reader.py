"""A worker process for one file, `python -m workers.inside.file_reader PID DESCRIPTOR`: its pictures, one by one.

The file comes as a descriptor that is open for reading; the answers go to the socket that is standard input. libav only
takes the container apart: nothing is decoded for us. What it refuses is told; what kills it shows by its end.

Limits: memory and files as of every worker; `OPEN_MAX_S` of processor time to read the tables of the file, and
`READ_MAX_S` for each thousand packets.
"""

import contextlib
import io
import os
import socket
import sys
from collections.abc import Iterator
from fractions import Fraction
from typing import Any

import av
import av.logging
from av.audio.frame import AudioFrame
from av.container import InputContainer
from av.video.frame import VideoFrame

from media import Codec
from media.nal import fingerprint
from workers.file_wire import (
    BATCH,
    PICTURES_MAX,
    FileFacts,
    FileKind,
    Picture,
    done_body,
    file_message,
    opened_body,
    pictures_body,
    refused_body,
)
from workers.inside.confinement import begin_unit, confine, die_with, let_go_of_others

OPEN_MAX_S = 10.0  # the tables of five hours of pictures and sound take a second
READ_MAX_S = 5.0  # a thousand packets of a 4 Mbit/s file take 30 ms
NAL_BYTES_MAX = 8 << 20  # of a picture; four is what is carried live

_VIDEO = {"h264": Codec.H264, "hevc": Codec.H265}
_SOUND = {"aac": "aac", "pcm_alaw": "pcm_alaw", "pcm_mulaw": "pcm_mulaw", "opus": "opus"}
_NS = 1_000_000_000


class FileRefusedError(Exception):
    """No file that we read; the message says why."""


class DescriptorFile(io.RawIOBase):
    """What libav reads from: an open file, and nothing that opens another."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._size = os.fstat(descriptor).st_size
        self._at = 0

    def read(self, size: int = -1) -> bytes:
        wanted = self._size - self._at if size < 0 else size
        data = os.pread(self._descriptor, max(0, wanted), self._at)
        self._at += len(data)
        return data

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        base = {os.SEEK_SET: 0, os.SEEK_CUR: self._at, os.SEEK_END: self._size}[whence]
        self._at = max(0, base + offset)
        return self._at

    def tell(self) -> int:
        return self._at

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True


def main() -> None:
    descriptor = int(sys.argv[2])
    die_with(int(sys.argv[1]))
    let_go_of_others(keep=descriptor)
    av.logging.set_level(av.logging.PANIC)
    _rehearse()
    connection = socket.socket(fileno=0)
    confine()
    try:
        for kind, body in read(DescriptorFile(descriptor)):
            connection.sendall(file_message(kind, body))
    except FileRefusedError as error:
        connection.sendall(file_message(FileKind.REFUSED, refused_body(str(error))))
    except (av.FFmpegError, MemoryError, OSError, ValueError) as error:
        words = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
        connection.sendall(file_message(FileKind.REFUSED, refused_body(words)))
    connection.close()


def read(file: io.RawIOBase | io.BytesIO) -> Iterator[tuple[FileKind, bytes]]:
    """All that is said of it.

    Raises:
        FileRefusedError, FFmpegError, MemoryError, OSError, ValueError: it is no file that we read.
    """
    begin_unit(OPEN_MAX_S)
    with av.open(file, "r", format="mp4", metadata_errors="replace") as container:
        if not container.streams.video:
            raise FileRefusedError("there are no pictures in it")
        video = container.streams.video[0]
        codec = _VIDEO.get(video.codec_context.name)
        if codec is None:
            raise FileRefusedError(f"its pictures are {video.codec_context.name}: H.264 and H.265 are read")
        yield FileKind.OPENED, opened_body(_facts(container, codec))
        length_bytes = _length_bytes(codec, video.codec_context.extradata or b"")
        batch: list[Picture] = []
        pictures = sound_frames = packets = 0
        audio = container.streams.audio[:1]
        for packet in container.demux(video, *audio):
            if packets % BATCH == 0:
                begin_unit(READ_MAX_S)
            packets += 1
            if packet.stream.index != video.index:
                sound_frames += bool(packet.size)
                continue
            picture = _picture(packet, codec, length_bytes)
            if picture is None:
                continue
            pictures += 1
            if pictures > PICTURES_MAX:
                raise FileRefusedError(f"it has more than {PICTURES_MAX} pictures: send it in pieces")
            batch.append(picture)
            if len(batch) == BATCH:
                yield FileKind.PICTURES, pictures_body(batch)
                batch = []
        if batch:
            yield FileKind.PICTURES, pictures_body(batch)
        yield FileKind.DONE, done_body(sound_frames)


def _facts(container: InputContainer, codec: Codec) -> FileFacts:
    video = container.streams.video[0].codec_context
    sound = container.streams.audio[0].codec_context if container.streams.audio else None
    return FileFacts(
        codec=codec,
        width=max(0, min(video.width, 0xFFFF)),
        height=max(0, min(video.height, 0xFFFF)),
        created_utc_ns=_created(container.metadata.get("creation_time", "")),
        duration_ns=max(0, (container.duration or 0) * 1_000),  # libav counts it in microseconds
        sound="" if sound is None else _SOUND.get(sound.name, "other"),
        sample_rate=0 if sound is None else max(0, sound.sample_rate or 0),
        channels=0 if sound is None else max(0, min(sound.channels or 0, 255)),
    )


def _created(words: str) -> int | None:
    """ISO 8601 in UTC, as libav writes what mvhd counts from 1904 on; None for one that was not set."""
    try:
        date, _, clock = words.removesuffix("Z").partition("T")
        year, month, day = map(int, date.split("-"))
        hours, minutes, seconds = clock.split(":")
        whole, _, part = seconds.partition(".")
        days = _days(year, month, day)
    except ValueError:
        return None
    fraction = int(part[:9].ljust(9, "0")) if part.isdigit() else 0
    return ((days * 24 + int(hours)) * 60 + int(minutes)) * 60 * _NS + int(whole) * _NS + fraction


def _days(year: int, month: int, day: int) -> int:
    """Days since 1970 (proleptic Gregorian): `datetime` would be one more module for a confined process to load."""
    if not (1970 <= year <= 2200 and 1 <= month <= 12 and 1 <= day <= 31):
        raise ValueError(year)
    shifted = year - (month <= 2)
    century = shifted // 400
    of_century = shifted - century * 400
    of_year = (153 * (month + (-3 if month > 2 else 9)) + 2) // 5 + day - 1
    return century * 146_097 + of_century * 365 + of_century // 4 - of_century // 100 + of_year - 719_468


def _picture(packet: "av.Packet[Any]", codec: Codec, length_bytes: int) -> Picture | None:
    """None: it has no slice, or no time."""
    if not packet.size or packet.pts is None or packet.time_base is None:
        return None
    if packet.size > NAL_BYTES_MAX:
        raise FileRefusedError(f"a picture of {packet.size} bytes")
    found = fingerprint(codec, _nals(bytes(packet), length_bytes))
    if found is None:
        return None
    time = Fraction(packet.pts) * packet.time_base * _NS
    return Picture(int(time), packet.is_keyframe, found.slices, found.whole)


def _nals(data: bytes, length_bytes: int) -> Iterator[bytes]:
    """The NAL units of a sample, each behind its length; of a cut one what is there (ISO/IEC 14496-15)."""
    if not length_bytes:
        yield from (piece.rstrip(b"\0") for piece in data.split(b"\0\0\1")[1:])
        return
    at = 0
    while at + length_bytes <= len(data):
        length = int.from_bytes(data[at : at + length_bytes], "big")
        at += length_bytes
        if length:
            yield data[at : at + length]
        at += length


def _length_bytes(codec: Codec, record: bytes) -> int:
    """How many bytes a NAL unit's length has, by avcC or hvcC; 0: start codes instead."""
    if record.startswith((b"\0\0\1", b"\0\0\0\1")):
        return 0
    place = 4 if codec is Codec.H264 else 21
    return (record[place] & 3) + 1 if len(record) > place else 4


def _rehearse() -> None:
    """Do once what will be done: modules are loaded that a confined process cannot load."""
    made = io.BytesIO()
    with av.open(made, "w", format="mov") as container:
        video = container.add_stream("mpeg4", rate=25)
        video.width, video.height, video.pix_fmt = 16, 16, "yuv420p"
        audio = container.add_stream("pcm_alaw", rate=8_000)
        container.mux(video.encode(VideoFrame(16, 16, "yuv420p")))
        container.mux(video.encode(None))
        frame = AudioFrame("s16", "mono", 160)
        frame.sample_rate = 8_000
        container.mux(audio.encode(frame))
    with av.open(io.BytesIO(made.getvalue()), "r", format="mp4", metadata_errors="replace") as container:
        _facts(container, Codec.H264)
        for packet in container.demux(*container.streams):
            _picture(packet, Codec.H264, 4)
    with contextlib.suppress(av.FFmpegError, FileRefusedError):
        list(read(io.BytesIO(bytes(64))))
    begin_unit(0)


if __name__ == "__main__":
    main()
