"""A zip that can be written in one way only: the same files are the same bytes.

Stored, one after the other; no time, no attribute, no comment, and no field more than zip64 where a number does not
fit (docs/reference/bundle.md). So a reader makes all of it anew from names, sizes and CRCs: no byte is without meaning.

Not here: durability, and what the files are.
"""

from collections.abc import Iterable
from struct import pack
from typing import IO
from zlib import crc32

FILES_MAX = 65_000  # so that their count fits into the old field
_DATE = 0x21  # 1 January 1980, the first that a zip can say
_NARROW = 0xFFFF_FFFF  # a number from here on stands in the zip64 field
_PLAIN, _ZIP64 = 20, 45  # version needed to read it


class ZipWriter:
    """Writes to a file that can be sought in; nothing is kept but the directory."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._directory: list[bytes] = []
        self._at = 0

    def add(self, name: str, size_bytes: int, chunks: Iterable[bytes]) -> None:
        """
        Raises:
            ValueError: the chunks have another size, or there are too many files.
        """
        if len(self._directory) == FILES_MAX:
            raise ValueError(f"a bundle has at most {FILES_MAX} files")
        start, crc, written = self._at, 0, 0
        self._file.write(_local(name, size_bytes, 0))
        for chunk in chunks:
            crc = crc32(chunk, crc)
            written += len(chunk)
            self._file.write(chunk)
        if written != size_bytes:
            raise ValueError(f"{name} has {written} bytes and was to have {size_bytes}")
        header = _local(name, size_bytes, crc)
        self._file.seek(start)
        self._file.write(header)
        self._at = start + len(header) + size_bytes
        self._file.seek(self._at)
        self._directory.append(_central(name, size_bytes, crc, start))

    def finish(self) -> None:
        """Write the directory and the end."""
        directory, count, at = b"".join(self._directory), len(self._directory), self._at
        self._file.write(directory)
        if at >= _NARROW:
            record = pack("<QHHIIQQQQ", 44, _ZIP64, _ZIP64, 0, 0, count, count, len(directory), at)
            self._file.write(b"PK\6\6" + record + b"PK\6\7" + pack("<IQI", 0, at + len(directory), 1))
        self._file.write(b"PK\5\6" + pack("<HHHHIIH", 0, 0, count, count, len(directory), min(at, _NARROW), 0))


def _local(name: str, size: int, crc: int) -> bytes:
    extra, told, version = b"", size, _PLAIN
    if size >= _NARROW:
        extra, told, version = pack("<HHQQ", 1, 16, size, size), _NARROW, _ZIP64
    fields = pack("<HHHHHIIIHH", version, 0, 0, 0, _DATE, crc, told, told, len(name), len(extra))
    return b"PK\3\4" + fields + name.encode("ascii") + extra


def _central(name: str, size: int, crc: int, start: int) -> bytes:
    wide = b""
    if size >= _NARROW:
        wide += pack("<QQ", size, size)
    if start >= _NARROW:
        wide += pack("<Q", start)
    extra = pack("<HH", 1, len(wide)) + wide if wide else b""
    version, told = (_ZIP64 if wide else _PLAIN), min(size, _NARROW)
    fields = pack(
        "<HHHHHHIIIHHHHHII",
        *(version, version, 0, 0, 0, _DATE, crc, told, told, len(name), len(extra), 0, 0, 0, 0),
        min(start, _NARROW),
    )
    return b"PK\1\2" + fields + name.encode("ascii") + extra
