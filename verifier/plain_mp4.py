"""The sample tables of a plain MP4 (ISO/IEC 14496-12, 8.7): where the samples of each track are, in their order."""

from collections.abc import Iterator
from dataclasses import dataclass
from struct import unpack_from

from verifier.archive import Archive
from verifier.film_times import TimeTables
from verifier.fragment import boxes
from verifier.journal import FRAGMENT_MAX_BYTES
from verifier.report import Wrong

MOOV_MAX_BYTES = 512 << 20  # 24 hours of pictures and sound: 20 bytes a sample, 10 million of them
TOP_BOXES_MAX = 16
SAMPLE_MAX_BYTES = FRAGMENT_MAX_BYTES
_TABLES = (b"stsz", b"stsc", b"stco", b"co64", b"stts", b"ctts")


@dataclass(frozen=True, slots=True)
class PlainTrack:
    """`handler` is `vide` or `soun`."""

    handler: bytes
    times: TimeTables
    _tables: dict[bytes, bytes]

    def samples(self) -> Iterator[tuple[int, int]]:
        """Where each begins in the file, and its size; each behind the one before.

        Raises:
            Wrong: the tables contradict each other.
        """
        reached = 0
        for at, size in self._places():
            if at < reached:
                raise Wrong("its samples lie in one another, or not in their order")
            if not 0 < size <= SAMPLE_MAX_BYTES:
                raise Wrong("it has a sample of a size that none of ours has")
            reached = at + size
            yield at, size

    def _places(self) -> Iterator[tuple[int, int]]:
        sizes = self._tables[b"stsz"]
        fixed, count = _numbers(sizes, 4, 2)
        if not fixed and 12 + 4 * count != len(sizes):
            raise Wrong("its table of sizes has another length than it says")
        given = 0
        for at, within in self._chunks():
            for _ in range(within):
                if given == count:
                    raise Wrong("its chunks have more samples than there are")
                size = fixed or _numbers(sizes, 12 + 4 * given, 1)[0]
                yield at, size
                at += size
                given += 1
        if given != count:
            raise Wrong("its chunks have fewer samples than there are")

    def _chunks(self) -> Iterator[tuple[int, int]]:
        """Where each chunk begins, and how many samples are in it."""
        wide = b"co64" in self._tables
        offsets, runs = self._tables[b"co64" if wide else b"stco"], self._tables[b"stsc"]
        (chunks,), (count,) = _numbers(offsets, 4, 1), _numbers(runs, 4, 1)
        width = 8 if wide else 4
        if 8 + width * chunks != len(offsets) or 8 + 12 * count != len(runs):
            raise Wrong("its table of chunks has another length than it says")
        run, within = 0, 0
        for chunk in range(chunks):
            while run < count and _numbers(runs, 8 + 12 * run, 1)[0] == chunk + 1:
                within = _numbers(runs, 12 + 12 * run, 1)[0]
                run += 1
            yield int.from_bytes(offsets[8 + width * chunk : 8 + width * (chunk + 1)], "big"), within


def read_tracks(archive: Archive, name: str) -> list[PlainTrack]:
    """Raises Wrong: no plain MP4."""
    at, size = 0, archive.files[name].size
    for _ in range(TOP_BOXES_MAX):
        head = archive.read(name, at, 16)
        if len(head) < 8:
            break
        length = int.from_bytes(head[:4], "big")
        if length == 1:
            length = int.from_bytes(head[8:16], "big")
        if length < 8 or at + length > size:
            break
        if head[4:8] == b"moov":
            if length > MOOV_MAX_BYTES:
                break
            moov = archive.read(name, at + 8, length - 8)
            timescale = _movie_timescale(moov)
            return [_track(moov, start, end, timescale) for kind, start, end in boxes(moov) if kind == b"trak"]
        at += length
    raise Wrong("no plain MP4: its tables cannot be found")


def _movie_timescale(moov: bytes) -> int:
    for kind, start, end in boxes(moov):
        if kind == b"mvhd":
            return _timescale(moov[start:end])
    raise Wrong("it says not how it counts time")


def _timescale(head: bytes) -> int:
    """Of `mvhd` or `mdhd`, which begin alike."""
    timescale = _numbers(head, 20 if head[:1] == b"\1" else 12, 1)[0]
    if not timescale:
        raise Wrong("it counts time in nothing")
    return timescale


def _track(moov: bytes, start: int, end: int, movie_timescale: int) -> PlainTrack:
    media = {kind: (first, last) for kind, first, last in boxes(moov, *_inside(moov, start, end, b"mdia"))}
    if not {b"hdlr", b"minf", b"mdhd"} <= media.keys():
        raise Wrong("a track without a handler, or without a count of time")
    handler = moov[media[b"hdlr"][0] + 8 : media[b"hdlr"][0] + 12]
    table = _inside(moov, *media[b"minf"], b"stbl")
    tables = {kind: moov[first:last] for kind, first, last in boxes(moov, *table) if kind in _TABLES}
    if not ({b"stsz", b"stsc", b"stts"} <= tables.keys() and (b"stco" in tables or b"co64" in tables)):
        raise Wrong("a track without its tables")
    timescale = _timescale(moov[slice(*media[b"mdhd"])])
    elst = _edits(moov, start, end)
    times = TimeTables(timescale, movie_timescale, tables[b"stts"], tables.get(b"ctts", b""), elst)
    return PlainTrack(handler, times, tables)


def _edits(moov: bytes, start: int, end: int) -> bytes:
    found = [(first, last) for kind, first, last in boxes(moov, start, end) if kind == b"edts"]
    if not found:
        return b""
    lists = [moov[first:last] for kind, first, last in boxes(moov, *found[0]) if kind == b"elst"]
    if len(found) > 1 or len(lists) != 1:
        raise Wrong("a track with more than one edit list, or with an empty one")
    return lists[0]


def _inside(data: bytes, start: int, end: int, wanted: bytes) -> tuple[int, int]:
    for kind, first, last in boxes(data, start, end):
        if kind == wanted:
            return first, last
    raise Wrong(f"a track without {wanted.decode()}")


def _numbers(data: bytes, at: int, count: int) -> tuple[int, ...]:
    if at + 4 * count > len(data):
        raise Wrong("a table ends too soon")
    return unpack_from(f">{count}I", data, at)
