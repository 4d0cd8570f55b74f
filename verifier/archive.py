"""The zip of a bundle, which has one form only: docs/reference/bundle.md, "The zip".

Files are stored one after the other; each header, the directory and the end follow from names, sizes and CRCs alone.
So they are made anew here and compared: a byte that differs is named. A zip that is damaged is read as far as it goes,
by its directory, or by its headers where that is not to be read.

Not here: what is in the files.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from struct import Struct
from typing import IO
from zlib import crc32

from verifier.report import Report, Unreadable

FILES_MAX = 65_000  # so that their count fits into the old field
NAME_MAX = 200
DIRECTORY_MAX_BYTES = 32 << 20
HEADS_LIMIT = 32 << 20  # of a file of heads
BLOCK_BYTES = 1 << 20
DATE = 0x21  # 1 January 1980, the first that a zip can say
NARROW = 0xFFFF_FFFF  # from here on sizes and offsets stand in the zip64 field

_LOCAL = Struct("<4sHHHHHIIIHH")
_CENTRAL = Struct("<4sHHHHHHIIIHHHHHII")
_END = Struct("<4sHHHHIIH")
_END64 = Struct("<4sQHHIIQQQQ")
_LOCATOR64 = Struct("<4sIQI")
# Names that any system can make a file of, inside one folder.
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*(?:/[A-Za-z0-9][A-Za-z0-9._-]*){0,3}")


@dataclass(frozen=True, slots=True)
class Entry:
    """A file in it; its bytes begin at `data_at`."""

    name: str
    header_at: int
    data_at: int
    size: int
    crc: int


class Archive:
    """`files` by their names, in order."""

    def __init__(self, file: IO[bytes], size: int, entries: list[Entry]) -> None:
        self.files = {entry.name: entry for entry in entries}
        self._file = file
        self._size = size

    def read(self, name: str, offset: int, length: int) -> bytes:
        """Bytes of a file in it; fewer where it, or the bundle, is shorter."""
        entry = self.files[name]
        self._file.seek(entry.data_at + offset)
        return self._file.read(max(0, min(length, entry.size - offset)))

    def whole(self, name: str, limit_bytes: int) -> bytes:
        """A small file, or one byte more than the limit."""
        return self.read(name, 0, limit_bytes + 1)

    def blocks(self, name: str) -> Iterator[bytes]:
        for offset in range(0, self.files[name].size, BLOCK_BYTES):
            yield self.read(name, offset, BLOCK_BYTES)

    def digest(self, name: str) -> tuple[bytes, int]:
        """SHA-256 and CRC-32 of a file in it."""
        hashed, crc = sha256(), 0
        for block in self.blocks(name):
            hashed.update(block)
            crc = crc32(block, crc)
        return hashed.digest(), crc


def open_archive(file: IO[bytes], size: int, report: Report) -> Archive:
    """
    Raises:
        Unreadable: there is no file in it.
        OSError: it cannot be read.
    """
    entries = _by_directory(file, size, report)
    if entries is None:
        entries = _by_headers(file, size, report)
    if not entries:
        raise Unreadable("this is no bundle: no file can be found in it")
    return Archive(file, size, entries)


def _by_directory(file: IO[bytes], size: int, report: Report) -> list[Entry] | None:
    end = _at(file, size - _END.size, _END.size)
    if len(end) < _END.size or not end.startswith(b"PK\5\6"):
        report.fault("", "its end is not that of a zip: it was cut off, or something was added", at_byte=max(0, size))
        return None
    _, _, _, _, count, length, start, _ = _END.unpack(end)
    end_at = size - _END.size
    if start == NARROW:
        tail = _at(file, end_at - _LOCATOR64.size - _END64.size, _LOCATOR64.size + _END64.size)
        if len(tail) == _LOCATOR64.size + _END64.size and tail.startswith(b"PK\6\6"):
            end_at -= len(tail)
            length, start = _END64.unpack(tail[: _END64.size])[-2:]
    if length > min(DIRECTORY_MAX_BYTES, end_at):
        report.fault("", "its end names a directory that cannot be", at_byte=end_at)
        return None
    directory_at = end_at - length
    shift = directory_at - start
    if shift:
        words = f"{abs(shift)} bytes were {'added' if shift > 0 else 'taken away'} before its directory"
        report.fault("", words, at_byte=directory_at)
    directory = _at(file, directory_at, length)
    listed = _listed(directory)
    if listed is None or len(listed) != count:
        report.fault("", "its directory is damaged", at_byte=directory_at)
        return None
    entries = _placed(file, listed, shift, directory_at, report)
    _compare_tail(file, directory_at, size, entries, shift, report)
    return entries


def _listed(directory: bytes) -> list[tuple[str, int, int, int]] | None:
    """Name, CRC, size and place of the header of each file; None: not to be read."""
    found: list[tuple[str, int, int, int]] = []
    at = 0
    while at < len(directory):
        fixed = directory[at : at + _CENTRAL.size]
        if len(fixed) < _CENTRAL.size or not fixed.startswith(b"PK\1\2") or len(found) == FILES_MAX:
            return None
        (*_, crc, _, size, name_length, extra_length, comment_length, _, _, _, header_at) = _CENTRAL.unpack(fixed)
        name_at = at + _CENTRAL.size
        extra = directory[name_at + name_length : name_at + name_length + extra_length]
        wide = [int.from_bytes(extra[n : n + 8], "little") for n in range(4, len(extra), 8)]
        if size == NARROW and len(wide) >= 2:
            size, wide = wide[0], wide[2:]
        if header_at == NARROW and wide:
            header_at = wide[0]
        name = _name(directory[name_at : name_at + name_length])
        if name is None:
            return None
        found.append((name, crc, size, header_at))
        at = name_at + name_length + extra_length + comment_length
    return found


def _placed(
    file: IO[bytes], listed: list[tuple[str, int, int, int]], shift: int, directory_at: int, report: Report
) -> list[Entry]:
    """Where each file is: where the directory says, or as far off as the directory itself."""
    entries: list[Entry] = []
    names: set[str] = set()
    expected, room = 0, directory_at + abs(shift)  # files that lie in one another would be read again and again
    for name, crc, size, named_at in listed:
        if name in names:
            report.fault(name, "there are two files of this name")
            continue
        names.add(name)
        wanted = _local(name, size, crc)
        header_at = named_at
        if shift and _at(file, named_at, 4) != b"PK\3\4" and _at(file, named_at + shift, 4) == b"PK\3\4":
            header_at += shift
        data_at = header_at + len(wanted)
        room -= min(len(wanted) + size, directory_at)
        if room < 0:
            report.fault(name, "it lies in files before it: together they are longer than the bundle", at_byte=0)
            continue
        if data_at > directory_at:
            report.fault(name, "it is missing: the directory names a place that is not in the bundle", at_byte=0)
            continue
        if data_at + size > directory_at:
            report.fault(name, "it is cut off", at_byte=0)
            size = max(0, directory_at - data_at)
        if (differs := _first_difference(_at(file, header_at, len(wanted)), wanted)) is not None:
            report.fault("", f"the header of {name} is not as it should be", at_byte=header_at + differs)
        elif header_at != expected and not shift:
            report.fault("", f"{name} does not begin where the file before ends", at_byte=expected)
        entries.append(Entry(name, header_at, data_at, size, crc))
        expected = data_at + size
    if expected != directory_at and not shift:
        report.fault("", "there are bytes that belong to no file", at_byte=min(expected, directory_at))
    return entries


def _compare_tail(file: IO[bytes], at: int, size: int, entries: list[Entry], shift: int, report: Report) -> None:
    """Directory and end, against those that these files must have."""
    if shift:
        return  # told, and nothing would be as it should
    wanted = b"".join(_central(entry) for entry in entries)
    wanted += _ending(len(entries), len(wanted), at)
    if (differs := _first_difference(_at(file, at, size - at), wanted)) is not None:
        report.fault("", "its directory is not as it should be", at_byte=at + differs)


def _by_headers(file: IO[bytes], size: int, report: Report) -> list[Entry]:
    """The files one after the other, as far as there are headers."""
    entries: dict[str, Entry] = {}
    at = 0
    while at < size and len(entries) < FILES_MAX:
        fixed = _at(file, at, _LOCAL.size)
        if len(fixed) < _LOCAL.size or not fixed.startswith(b"PK\3\4"):
            break
        *_, crc, _, length, name_length, extra_length = _LOCAL.unpack(fixed)
        rest = _at(file, at + _LOCAL.size, name_length + extra_length)
        name = _name(rest[:name_length])
        if name is None:
            break
        if length == NARROW and len(rest) >= name_length + 12:
            length = int.from_bytes(rest[name_length + 4 : name_length + 12], "little")
        data_at = at + _LOCAL.size + len(rest)
        there = max(0, min(length, size - data_at))
        wanted = _local(name, length, crc)
        if (differs := _first_difference(fixed + rest, wanted)) is not None:
            report.fault("", f"the header of {name} is not as it should be", at_byte=at + differs)
        if there < length:
            report.fault(name, f"it is cut off: {length - there} of its {length} bytes are missing", at_byte=there)
        entries.setdefault(name, Entry(name, at, data_at, there, crc))
        at = data_at + length
    if at < size and entries:
        report.fault("", "here should be a file, or the directory", at_byte=at)
    return list(entries.values())


def _name(data: bytes) -> str | None:
    try:
        name = data.decode("ascii")
    except UnicodeDecodeError:
        return None
    return name if len(name) <= NAME_MAX and _NAME.fullmatch(name) is not None else None


def _local(name: str, size: int, crc: int) -> bytes:
    wide, extra = size >= NARROW, b""
    if wide:
        extra = b"\1\0\x10\0" + size.to_bytes(8, "little") * 2
    told = NARROW if wide else size
    head = _LOCAL.pack(b"PK\3\4", 45 if wide else 20, 0, 0, 0, DATE, crc, told, told, len(name), len(extra))
    return head + name.encode() + extra


def _central(entry: Entry) -> bytes:
    wide = b""
    size, told_at = entry.size, entry.header_at
    if size >= NARROW:
        wide, size = size.to_bytes(8, "little") * 2, NARROW
    if told_at >= NARROW:
        wide, told_at = wide + told_at.to_bytes(8, "little"), NARROW
    extra = b"\1\0" + len(wide).to_bytes(2, "little") + wide if wide else b""
    version = 45 if wide else 20
    head = _CENTRAL.pack(
        b"PK\1\2",
        version,
        version,
        0,
        0,
        0,
        DATE,
        entry.crc,
        size,
        size,
        len(entry.name),
        len(extra),
        0,
        0,
        0,
        0,
        told_at,
    )  # fmt: skip
    return head + entry.name.encode() + extra


def _ending(count: int, length: int, at: int) -> bytes:
    wide = b""
    if at >= NARROW:
        wide = _END64.pack(b"PK\6\6", _END64.size - 12, 45, 45, 0, 0, count, count, length, at)
        wide += _LOCATOR64.pack(b"PK\6\7", 0, at + length, 1)
    return wide + _END.pack(b"PK\5\6", 0, 0, count, count, length, min(at, NARROW), 0)


def _first_difference(found: bytes, wanted: bytes) -> int | None:
    if found == wanted:
        return None
    pairs = enumerate(zip(found, wanted, strict=False))
    return next((n for n, (one, other) in pairs if one != other), min(len(found), len(wanted)))


def _at(file: IO[bytes], at: int, length: int) -> bytes:
    if at < 0 or length <= 0:
        return b""
    try:
        file.seek(at)
    except (OverflowError, ValueError):
        return b""
    return file.read(length)
