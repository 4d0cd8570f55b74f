"""Half a year of recordings as the index knows them: rows of segments, gaps and streams, and a name on disk for each.

The rows go through the real schema and its indexes in the order in which a server would have written
them, so their pages lie as they would. Each segment file is a hard link to an empty file: the folders are as
large as real ones, the footage is not there, and nothing here reads it.

Kept in a folder of its own between runs; making ten million takes some minutes.
"""

import asyncio
import json
import os
import shutil
import time
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from storage import DAY_NS, segment_path

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection

    from storage.database import Database

YEARS_VERSION = 1  # changes with what is written below
SEGMENT_NS = 300_000_000_000
SLOTS_A_DAY = DAY_NS // SEGMENT_NS
STREAM_SLOTS = 96  # a device connects anew every eight hours or so
GAP_EVERY = 14  # segments: some twenty gaps a day and channel, as on a 4G link
LINKS_MAX = 60_000  # of one file; ext4 allows 65,000

_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"  # Crockford's; hexadecimal digits are in it

_SEGMENTS = """
INSERT INTO segments (id, stream, device, channel, opened_utc_ns, start_utc_ns, end_utc_ns, first_sequence,
                      last_sequence, fragments, size_bytes, journal_bytes, cut_bytes, chain, digest, end_flags,
                      end_cause)
SELECT :prefix || hex(randomblob(8)), stream, device, 'main', :start + stagger, :start + stagger,
       :start + stagger + 300000000000, first_sequence + 10500 * (:slot - first_slot),
       first_sequence + 10500 * (:slot - first_slot + 1) - 1, 10500, 56000000 + abs(random() % 4000000), 2200000, 0,
       randomblob(32), randomblob(32), 0, NULL
FROM bench_channels ORDER BY stagger
"""
_GAPS = """
INSERT INTO gaps (stream, sequence, sequence_count, segment, device, channel, track_id, cause, start_utc_ns,
                  end_utc_ns, lost_packets)
SELECT s.stream, s.first_sequence + 500, 1, s.id, s.device, 'main', 0, 2, s.start_utc_ns + 20000000000,
       s.start_utc_ns + 28000000000, 0
FROM segments s JOIN bench_channels c ON c.device = s.device
WHERE s.channel = 'main' AND s.start_utc_ns = :start + c.stagger AND c.number % :every = :slot % :every
"""
_STREAMS = """
INSERT INTO streams (id, device, channel, node, fencing_token, previous_stream, previous_head, last_segment, head,
                     ended_utc_ns, end_cause)
SELECT stream, device, 'main', 'node-1', :slot, '', zeroblob(32), :prefix || 'FFFFFFFFFFFFFFFF', randomblob(32),
       :start + stagger, 1
FROM bench_channels WHERE first_slot = :slot
"""


@dataclass(frozen=True, slots=True)
class Years:
    """How much there is: `rows` segments in all, over so many channels, up to the time of making."""

    rows: int
    channels: int = 200

    @property
    def slots(self) -> int:
        """Segments of each channel."""
        return max(1, -(-self.rows // self.channels))

    @property
    def devices(self) -> list[str]:
        return [f"bench-{number:04d}" for number in range(1, self.channels + 1)]


@dataclass(frozen=True, slots=True)
class MadeYears:
    """A data directory with its rows, and from when to when they reach."""

    data_dir: Path
    years: Years
    start_utc_ns: int
    end_utc_ns: int
    segments: int
    gaps: int


async def made_years(years: Years, cache_dir: Path) -> MadeYears:
    """Find the directory in the cache, or make it. One that was not finished is made anew."""
    folder = cache_dir / f"archive-v{YEARS_VERSION}-{years.channels}x{years.slots}"
    note = folder / "made.json"
    if not note.exists():
        await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)
        folder.mkdir(parents=True)
        facts = await _make(years, folder / "data")
        note.write_text(json.dumps({**facts, **asdict(years)}))
    facts = json.loads(note.read_text())
    return MadeYears(
        folder / "data", years, facts["start_utc_ns"], facts["end_utc_ns"], facts["segments"], facts["gaps"]
    )


async def _make(years: Years, data_dir: Path) -> dict[str, int]:
    # Here and not above: generator, clients and readers import this package too, and have no database.
    from storage.database import Database, migrate

    data_dir.mkdir()
    url = f"sqlite+aiosqlite:///{data_dir / 'mingjing.sqlite3'}"
    await migrate(url)
    end_slot = time.time_ns() // SEGMENT_NS
    first_slot = end_slot - years.slots
    database = await Database.open(url)
    try:
        async with _quick(database) as connection:
            await _list_channels(connection, years, first_slot)
        for day_slot in range(first_slot, end_slot, SLOTS_A_DAY):
            async with database.write() as connection:
                for slot in range(day_slot, min(day_slot + SLOTS_A_DAY, end_slot)):
                    await _write_slot(connection, slot, first_slot)
        async with database.write() as connection:
            await connection.exec_driver_sql("DROP TABLE bench_channels")
        async with database.read() as connection:
            segments = (await connection.exec_driver_sql("SELECT count(*) FROM segments")).scalar_one()
            gaps = (await connection.exec_driver_sql("SELECT count(*) FROM gaps")).scalar_one()
        await _link_all(database, data_dir / "media")
    finally:
        await database.close()
    return {
        "start_utc_ns": first_slot * SEGMENT_NS,
        "end_utc_ns": end_slot * SEGMENT_NS,
        "segments": segments,
        "gaps": gaps,
    }


@asynccontextmanager
async def _quick(database: "Database") -> "AsyncIterator[AsyncConnection]":
    """The writer, which is one connection and remembers: with memory enough for the pages that 200 channels end in."""
    async with database.write() as connection:
        await connection.exec_driver_sql("PRAGMA cache_size = -500000")
        yield connection


async def _list_channels(connection: "AsyncConnection", years: Years, first_slot: int) -> None:
    """What differs between channels, and changes when a stream ends."""
    await connection.exec_driver_sql(
        "CREATE TABLE bench_channels (number INTEGER PRIMARY KEY, device TEXT, stream TEXT, stagger INTEGER, "
        "first_slot INTEGER, first_sequence INTEGER)"
    )
    step_ns = SEGMENT_NS // years.channels
    rows = [
        (number, device, number * step_ns, first_slot - number % STREAM_SLOTS)
        for number, device in enumerate(years.devices)
    ]
    await connection.exec_driver_sql(
        "INSERT INTO bench_channels (number, device, stream, stagger, first_slot, first_sequence) "
        "VALUES (?, ?, '', ?, ?, 1)",
        rows,
    )
    await connection.exec_driver_sql(
        "UPDATE bench_channels SET stream = ? || hex(randomblob(8))", (ulid_time(first_slot * SEGMENT_NS),)
    )


async def _write_slot(connection: "AsyncConnection", slot: int, first_slot: int) -> None:
    """Five minutes of all channels."""
    values = {"prefix": ulid_time(slot * SEGMENT_NS), "start": slot * SEGMENT_NS, "slot": slot, "every": GAP_EVERY}
    if slot > first_slot:
        await connection.exec_driver_sql(
            "UPDATE bench_channels SET stream = ? || hex(randomblob(8)), first_slot = ? WHERE first_slot + ? <= ?",
            (values["prefix"], slot, STREAM_SLOTS, slot),
        )
    await connection.exec_driver_sql(_STREAMS, values)
    await connection.exec_driver_sql(_SEGMENTS, values)
    await connection.exec_driver_sql(_GAPS, values)


def ulid_time(utc_ns: int) -> str:
    """The first ten letters of a ULID of this time."""
    ms = utc_ns // 1_000_000
    return "".join(_ALPHABET[ms >> shift & 31] for shift in range(45, -1, -5))


async def _link_all(database: "Database", media: Path) -> None:
    """A name on disk for every row."""
    links = _Links(media)
    after = ""
    while True:
        async with database.read() as connection:
            found = await connection.exec_driver_sql(
                "SELECT id, device, channel, opened_utc_ns FROM segments WHERE id > ? ORDER BY id LIMIT 100000",
                (after,),
            )
            rows = found.all()
        if not rows:
            return
        after = rows[-1][0]
        await asyncio.to_thread(links.make, [tuple(row) for row in rows])


class _Links:
    """Hard links to empty files, each full of links when a new one begins."""

    def __init__(self, media: Path) -> None:
        self._media = media
        self._source = media.parent / "empty"
        self._made = LINKS_MAX
        self._folders: dict[tuple[str, str, int], str] = {}

    def make(self, rows: Iterable[tuple[str, str, str, int]]) -> None:
        for segment, device, channel, opened_utc_ns in rows:
            if self._made >= LINKS_MAX:
                self._source.unlink(missing_ok=True)
                self._source.touch()
                self._made = 0
            os.link(self._source, f"{self._folder(segment, device, channel, opened_utc_ns)}/{segment}.mp4")
            self._made += 1

    def _folder(self, segment: str, device: str, channel: str, opened_utc_ns: int) -> str:
        key = (device, channel, opened_utc_ns // DAY_NS)
        folder = self._folders.get(key)
        if folder is None:
            path = (self._media / segment_path(device, channel, segment, opened_utc_ns)).parent
            path.mkdir(parents=True, exist_ok=True)
            folder = self._folders[key] = str(path)
        return folder
