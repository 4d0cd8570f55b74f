"""Files that devices recorded themselves, as they were sent later: taken in piece by piece, then never written again.

    DATA_DIR/media/originals/incoming/<ULID>.json       what is coming: written before its first byte
                                      <ULID>.part       the bytes so far
                                      <ULID>.offsets    how many of them are durable: a record after each sync
    DATA_DIR/media/originals/<yyyy-mm-dd>/<ULID>.mp4    a whole one, named by the day on which its sending began
                                         <ULID>.json    whose it is, its digest, when it came

Invariants: an offset is told after a record of it is durable, and a start cuts the rest off. `keep` may be killed at
any step and called again: the file is then in one place or the other, and whole. A kept file has no second writer.

Not here: who may send and how much (recorder.backfill), what is in a file (workers). All calls block on the disk.
"""

import contextlib
import json
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from struct import Struct
from zlib import crc32

from storage.clock import DAY_NS, utc_from_ns
from storage.disk import Disk, append_fully

ORIGINALS = "originals"  # in the media folder, beside its days
INCOMING = "incoming"
PART, OFFSETS, FACTS, WHOLE, NEW = ".part", ".offsets", ".json", ".mp4", ".new"
FACTS_MAX_BYTES = 65_536  # ours have some hundred

_ULID = re.compile(r"[0-9A-HJKMNP-TV-Z]{26}")
_OFFSET = Struct("<QII")  # how many bytes, how many records before this one, CRC of both
_READ_BYTES = 1 << 20

Facts = Mapping[str, str | int]


class OriginalUnreadableError(Exception):
    """What stands beside a file is not ours. Says why in words."""


@dataclass(frozen=True, slots=True)
class Incoming:
    """One that is being sent. `facts` are what was said of it at the beginning."""

    id: str
    facts: Facts
    offset: int  # durable bytes


@dataclass(frozen=True, slots=True)
class KeptOriginal:
    """A whole one. `path` is relative to the media folder."""

    id: str
    path: str
    facts: Facts


def original_path(original_id: str, begun_utc_ns: int) -> str:
    """Where a whole one is, relative to the media folder."""
    day = utc_from_ns(begun_utc_ns // DAY_NS * DAY_NS).date().isoformat()
    return f"{ORIGINALS}/{day}/{original_id}{WHOLE}"


class PartWriter:
    """Appends to one that is coming. One at a time for each."""

    def __init__(self, disk: Disk, part: Path, offsets: Path) -> None:
        self._disk = disk
        records, self.offset = _last_record(offsets)
        self._records = records
        self._part = disk.open_existing(str(part))
        try:
            self._offsets = disk.open_existing(str(offsets))
        except OSError:
            disk.close(self._part)
            raise
        disk.truncate(self._part, self.offset)
        disk.truncate(self._offsets, records * _OFFSET.size)
        self._written = self.offset

    @property
    def written(self) -> int:
        """With what is not durable yet."""
        return self._written

    def append(self, pieces: Sequence[bytes]) -> None:
        """Raises OSError; then nothing after `offset` counts."""
        append_fully(self._disk, self._part, pieces)
        self._written += sum(map(len, pieces))

    def sync(self) -> int:
        """All that was appended is durable and will be found by the next start: how many bytes that are."""
        if self._written > self.offset:
            self._disk.sync_file(self._part)
            head = _OFFSET.pack(self._written, self._records, 0)[:-4]
            append_fully(self._disk, self._offsets, [head + crc32(head).to_bytes(4, "little")])
            self._disk.sync_file(self._offsets)
            self._records += 1
            self.offset = self._written
        return self.offset

    def give_up_unsynced(self) -> None:
        """What was appended since the last sync does not count."""
        self._disk.truncate(self._part, self.offset)
        self._written = self.offset

    def close(self) -> None:
        self._disk.close(self._part)
        self._disk.close(self._offsets)


class OriginalStore:
    """The folder of originals in the media folder."""

    def __init__(self, media: Path, disk: Disk) -> None:
        self.media = media
        self.folder = media / ORIGINALS
        self._incoming = self.folder / INCOMING
        self._disk = disk

    # what is coming

    def begin(self, original_id: str, facts: Facts) -> None:
        """Make room for one. Facts last: without them there is nothing that a start would look at."""
        self._make_folders(self._incoming)
        for suffix in (PART, OFFSETS):
            self._disk.close(self._disk.create(str(self._place(original_id, suffix))))
        self._write_facts(self._place(original_id, FACTS), facts)

    def incoming(self) -> list[Incoming]:
        """All that are being sent, in order of their ids. What has no facts was never answered, and goes."""
        found = []
        names = sorted(entry.name for entry in os.scandir(self._incoming)) if self._incoming.is_dir() else []
        known = {name.removesuffix(FACTS) for name in names if name.endswith(FACTS)}
        for name in names:
            stem, _, suffix = name.partition(".")
            if not _ULID.fullmatch(stem):
                continue
            if stem not in known:
                self._unlink(self._incoming / name)
            elif f".{suffix}" == FACTS:
                offset = _last_record(self._place(stem, OFFSETS))[1]
                found.append(Incoming(stem, _read_facts(self._incoming / name), offset))
        return found

    def resume(self, original_id: str) -> PartWriter:
        """Go on where the durable bytes end; what lies behind them is cut off. Raises OSError."""
        return PartWriter(self._disk, self._place(original_id, PART), self._place(original_id, OFFSETS))

    def digest(self, original_id: str, begun_utc_ns: int) -> str:
        """SHA-256 of what is on the disk of one that is coming, or has its name already; read whole."""
        part = self._place(original_id, PART)
        return digest_of(part if part.exists() else self.media / original_path(original_id, begun_utc_ns))

    def head(self, original_id: str, length: int) -> bytes:
        """Its first bytes."""
        with open(self._place(original_id, PART), "rb") as file:
            return file.read(length)

    def keep(self, original_id: str, begun_utc_ns: int, facts: Facts) -> str:
        """It is whole: give it its name, and write down whose it is. Its path, relative to the media folder."""
        path = original_path(original_id, begun_utc_ns)
        to = self.media / path
        part = self._place(original_id, PART)
        self._make_folders(to.parent)
        if part.exists():
            self._disk.rename(str(part), str(to))
            self._disk.sync_directory(str(to.parent))
            self._disk.sync_directory(str(self._incoming))
        beside = to.with_suffix(FACTS)
        if not beside.exists():
            self._write_facts(beside, facts)
        return path

    def forget(self, original_id: str) -> None:
        """It is kept, or will not come: nothing of it is left in `incoming`. Facts go first: what is left without them
        goes at the next start."""
        for suffix in (FACTS, NEW, PART, OFFSETS):
            self._unlink(self._place(original_id, suffix))
        self._disk.sync_directory(str(self._incoming))

    # what is kept

    def kept(self, file: Path) -> KeptOriginal | None:
        """What stands beside a whole one; None while its facts are still to be written.

        Raises:
            OriginalUnreadableError: what stands there is not ours.
        """
        beside = file.with_suffix(FACTS)
        if not beside.exists():
            return None
        return KeptOriginal(file.stem, file.relative_to(self.media).as_posix(), _read_facts(beside))

    def files(self) -> Iterator[Path]:
        """Every file in the folders of days."""
        if not self.folder.is_dir():
            return
        for day in sorted(entry.name for entry in os.scandir(self.folder) if entry.name != INCOMING):
            if (self.folder / day).is_dir():
                yield from sorted((self.folder / day).iterdir())

    def remove(self, path: str) -> None:
        """Delete a kept one, durably. Its row says so by now."""
        file = self.media / path
        for one in (file, file.with_suffix(FACTS)):
            self._unlink(one)
        with contextlib.suppress(FileNotFoundError):
            self._disk.sync_directory(str(file.parent))
        with contextlib.suppress(OSError):
            file.parent.rmdir()

    def _place(self, original_id: str, suffix: str) -> Path:
        if not _ULID.fullmatch(original_id):  # ids become file names: nothing else may
            raise FileNotFoundError(f"not an id: {original_id!r}")
        return self._incoming / f"{original_id}{suffix}"

    def _write_facts(self, path: Path, facts: Facts) -> None:
        """Whole or not at all."""
        new = path.with_suffix(NEW)
        self._unlink(new)
        descriptor = self._disk.create(str(new))
        try:
            append_fully(self._disk, descriptor, [json.dumps(facts, ensure_ascii=False, sort_keys=True).encode()])
            self._disk.sync_file(descriptor)
        finally:
            self._disk.close(descriptor)
        self._disk.rename(str(new), str(path))
        self._disk.sync_directory(str(path.parent))

    def _make_folders(self, folder: Path) -> None:
        if folder.is_dir():
            return
        self._make_folders(folder.parent)
        with contextlib.suppress(FileExistsError):
            self._disk.make_directory(str(folder))
        self._disk.sync_directory(str(folder.parent))

    def _unlink(self, path: Path) -> None:
        if path.exists():
            self._disk.unlink(str(path))


def digest_of(path: Path) -> str:
    """SHA-256 of a whole file, in hexadecimal."""
    digest = sha256()
    with open(path, "rb") as file:
        while piece := file.read(_READ_BYTES):
            digest.update(piece)
    return digest.hexdigest()


def _last_record(offsets: Path) -> tuple[int, int]:
    """How many true records there are, and what the last of them says. Behind one that is not true nothing counts."""
    count = offset = 0
    try:
        data = offsets.read_bytes()
    except FileNotFoundError:
        return 0, 0
    for at in range(0, len(data) - _OFFSET.size + 1, _OFFSET.size):
        record = data[at : at + _OFFSET.size]
        value, number, crc = _OFFSET.unpack(record)
        if crc != crc32(record[:-4]) or number != count or value <= offset:
            break
        count, offset = count + 1, value
    return count, offset


def _read_facts(path: Path) -> Facts:
    try:
        with open(path, "rb") as file:
            facts = json.loads(file.read(FACTS_MAX_BYTES))
    except (ValueError, RecursionError) as error:
        raise OriginalUnreadableError(f"{path.name} is not JSON") from error
    if not isinstance(facts, dict) or not all(type(value) in (str, int) for value in facts.values()):
        raise OriginalUnreadableError(f"{path.name} does not say whose it is")
    return facts
