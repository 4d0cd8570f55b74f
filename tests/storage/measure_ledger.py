"""What the database's writer and the ledger cost on this machine: `python -m tests.storage.measure_ledger [DIR]`.

DIR is on the disk to measure (default: the current folder). The numbers of docs/decisions/0005 and
docs/design/ledger.md come from here.
"""

import asyncio
import sys
import tempfile
import time
from collections.abc import Awaitable
from pathlib import Path

from sqlalchemy import text

from storage import SystemClock
from storage.database import Database, migrate
from storage.ledger import Entry, Ledger, verify_files

INSERT = text("INSERT INTO units VALUES (:id, 'x', NULL, 0, 1)")
WAVES, WAVE = 50, 2_000


async def seconds(work: Awaitable[object]) -> float:
    started = time.perf_counter()
    await work
    return time.perf_counter() - started


async def write(database: Database, name: str) -> None:
    async with database.write() as connection:
        await connection.execute(INSERT, {"id": name})


async def write_one_by_one(database: Database, count: int) -> None:
    for n in range(count):
        await write(database, f"alone{n}")


async def read_one_by_one(database: Database, count: int) -> None:
    for _ in range(count):
        async with database.read() as connection:
            await connection.execute(text("SELECT 1"))


async def append(ledger: Ledger) -> Entry:
    return await ledger.append(principal="user:li", action="live.open", subject="dev1", detail={"purpose": "duty"})


async def append_one_by_one(ledger: Ledger, count: int) -> None:
    for _ in range(count):
        await append(ledger)


async def append_in_waves(ledger: Ledger) -> None:
    for _ in range(WAVES):
        await asyncio.gather(*(append(ledger) for _ in range(WAVE)))


async def all_projected(ledger: Ledger) -> None:
    while ledger.statistics().unprojected:
        await ledger.query(limit=1)


async def measure(folder: Path) -> None:
    url = f"sqlite+aiosqlite:///{folder}/mingjing.sqlite3"
    await migrate(url)
    database = await Database.open(url)
    say("write transaction", 1e3 * await seconds(write_one_by_one(database, 500)) / 500, "ms")
    say("500 writers at once", await seconds(asyncio.gather(*(write(database, f"at{n}") for n in range(500)))), "s")
    say("read transaction", 1e3 * await seconds(read_one_by_one(database, 500)) / 500, "ms")
    async with Ledger.open(folder / "ledger", database, SystemClock()) as ledger:
        say("append, one after the other", 1e3 * await seconds(append_one_by_one(ledger, 500)) / 500, "ms")
        say("append, 300 at once", await seconds(asyncio.gather(*(append(ledger) for _ in range(300)))), "s")
        say(f"append, waves of {WAVE}", WAVES * WAVE / await seconds(append_in_waves(ledger)), "entries/s")
        say("until all have rows", await seconds(all_projected(ledger)), "s")
        entries = ledger.statistics().entries
        say("verify with the database", entries / await seconds(ledger.verify()), "entries/s")
        say("a page of many", 1e3 * await seconds(ledger.query(subject="dev1")), "ms")
    proof = asyncio.to_thread(verify_files, folder / "ledger")
    say("verify the files alone", entries / await seconds(proof), "entries/s")
    say("size of an entry", sum(file.stat().st_size for file in (folder / "ledger").iterdir()) / entries, "bytes")
    started = time.perf_counter()
    async with Ledger.open(folder / "ledger", database, SystemClock()):
        say("open", time.perf_counter() - started, "s")
    async with database.write() as connection:
        await connection.execute(text("DELETE FROM ledger_entries"))
    started = time.perf_counter()
    async with Ledger.open(folder / "ledger", database, SystemClock()):
        say("open with every row missing", entries / (time.perf_counter() - started), "entries/s")
    await database.close()


def say(what: str, value: float, unit: str) -> None:
    sys.stdout.write(f"{what:30} {value:12.3f} {unit}\n")


if __name__ == "__main__":
    with tempfile.TemporaryDirectory(dir=sys.argv[1] if len(sys.argv) > 1 else ".") as name:
        asyncio.run(measure(Path(name)))
