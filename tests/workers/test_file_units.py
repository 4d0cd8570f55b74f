"""Files of strangers: what is in them is told, what cannot be read is refused, what kills a worker kills no more."""

import os
import struct
import sys
from pathlib import Path

import psutil
import pytest

from media import Codec
from media.nal import fingerprint
from tests.media.clips import ffmpeg, video_clip
from tests.recorder.backfill.files import device_file
from workers import FileNotRead, FilePictures, file_units, read_file

FRAGILE = (str(Path(__file__).parent / "fragile_reader.py"),)


async def read_bytes(tmp_path: Path, data: bytes, *program: str) -> FilePictures:
    path = tmp_path / "file"
    path.write_bytes(data)
    descriptor = os.open(path, os.O_RDONLY)
    try:
        return await (read_file(descriptor, program) if program else read_file(descriptor))
    finally:
        os.close(descriptor)
        assert not [one for one in psutil.Process().children() if "file_reader" in " ".join(one.cmdline())]


@pytest.mark.parametrize("clip", ["baseline", "high", "h265"])
@pytest.mark.parametrize("fragmented", [False, True])
async def test_pictures_of_a_file_have_the_fingerprints_of_what_the_device_sent(
    tmp_path: Path, clip: str, fragmented: bool
) -> None:
    model = video_clip(clip)
    codec = Codec.H265 if clip == "h265" else Codec.H264
    pictures = [unit.payload for unit in model.units]
    found = await read_bytes(tmp_path, device_file(pictures, fragmented=fragmented, model=model, codec=codec))
    assert (found.facts.codec, found.facts.width, found.facts.height) == (codec, 322, 182)
    assert [found.slices(n) for n in range(len(found))] == [fingerprint(codec, one).slices for one in pictures]
    assert [at - found.times_ns[0] for at in found.times_ns] == [n * 40_000_000 for n in range(75)]


async def test_sound_and_the_time_of_making_are_told(tmp_path: Path) -> None:
    path = tmp_path / "card.mp4"
    lavfi = ("-f", "lavfi", "-i", "testsrc2=size=64x64:rate=25:duration=1", "-f", "lavfi", "-i", "sine=duration=1")
    ffmpeg(*lavfi, *("-c:v", "libx264", "-c:a", "aac", "-metadata", "creation_time=2026-12-01T04:00:00Z", str(path)))
    found = await read_bytes(tmp_path, path.read_bytes())
    assert (found.facts.sound, found.sound_frames > 40) == ("aac", True)
    assert found.facts.created_utc_ns == 1_796_097_600_000_000_000


def box(kind: bytes, body: bytes = b"", size: int | None = None) -> bytes:
    return struct.pack(">I", len(body) + 8 if size is None else size) + kind + body


FTYP = box(b"ftyp", b"isom" + bytes(4) + b"isom")
WHOLE = device_file([unit.payload for unit in video_clip("baseline").units])
MOOV = WHOLE.rindex(b"moov") - 4


def mvhd() -> bytes:
    return box(b"mvhd", bytes(12) + struct.pack(">II", 1000, 1000) + bytes(80))


HOSTILE = {
    "nothing": b"",
    "zeros": bytes(5_000),
    "noise": bytes((n * 7919) % 251 for n in range(9_000)),
    "the moov at the end is missing": WHOLE[:MOOV],
    "cut in the moov": WHOLE[: MOOV + (len(WHOLE) - MOOV) // 2],
    "a text": b"ftyp, said the file",
    "a box of four gigabytes": FTYP + box(b"moov", b"", 0xFFFF_FFF0),
    "a box of 2^63": FTYP + struct.pack(">I4sQ", 1, b"moov", 1 << 63) + bytes(64),
    "boxes in boxes": FTYP + b"".join(box(b"moov", b"", 8 * (5_000 - n)) for n in range(5_000)),
    "a table of 2^32 rows": WHOLE.replace(b"stsz" + bytes(8), b"stsz" + bytes(4) + b"\xff\xff\xff\xff", 1),
    "no pictures": FTYP + box(b"moov", mvhd()),
    "a sample behind the end": WHOLE.replace(b"stco" + bytes(4) + b"\0\0\0", b"stco" + bytes(4) + b"\xff\xff\xff", 1),
}


@pytest.mark.parametrize("name", HOSTILE)
async def test_what_is_hostile_or_broken_is_refused_or_read_and_nothing_else_suffers(tmp_path: Path, name: str) -> None:
    found = await read_or_refuse(tmp_path, HOSTILE[name])
    if isinstance(found, FileNotRead):
        assert str(found)
        assert "/" not in str(found)  # no path of this machine
        assert not found.died
    else:
        assert len(found) <= 75


async def read_or_refuse(tmp_path: Path, data: bytes) -> FilePictures | FileNotRead:
    try:
        return await read_bytes(tmp_path, data)
    except FileNotRead as error:
        return error


@pytest.mark.parametrize("cut", range(1, 40))
async def test_a_file_that_is_cut_or_damaged_anywhere_is_no_trouble(tmp_path: Path, cut: int) -> None:
    at = cut * len(WHOLE) // 40
    damaged = WHOLE[:at] + bytes(one ^ 0xA5 for one in WHOLE[at : at + 16]) + WHOLE[at + 16 :]
    found = await read_or_refuse(tmp_path, damaged if cut % 2 else WHOLE[:at])
    assert not (isinstance(found, FileNotRead) and found.died)


@pytest.mark.skipif(sys.platform != "linux", reason="limits of a process are Linux's")
@pytest.mark.parametrize("bait", ["segfault", "spin", "flood", "lie"])
async def test_three_workers_that_die_of_a_file_are_enough(tmp_path: Path, bait: str) -> None:
    with pytest.raises(FileNotRead) as told:
        await read_bytes(tmp_path, bait.encode().ljust(8, b"."), *FRAGILE)
    assert told.value.died
    assert str(told.value)


async def test_a_worker_that_wants_a_gigabyte_is_refused_it(tmp_path: Path) -> None:
    with pytest.raises(FileNotRead, match="MemoryError"):
        await read_bytes(tmp_path, b"memory..", *FRAGILE)


async def test_a_worker_that_says_nothing_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(file_units, "SILENCE_MAX_S", 0.5)
    with pytest.raises(FileNotRead) as told:
        await read_bytes(tmp_path, b"sleep...", *FRAGILE)
    assert told.value.died
