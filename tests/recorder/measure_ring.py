"""What the ring costs over a large index: `python -m tests.recorder.measure_ring [SEGMENTS] [DEVICES]`.

Rows as of that many segments of five minutes, half of the devices in a unit that keeps its footage for years, and
every thousandth segment kept by a clip: turns with nothing to do, turns that delete, and the plan of a week.
"""

import asyncio
import sqlite3
import statistics
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

from media import Reference
from recorder import Keeping, KeepingKind, Passage, Ring, RingLimits
from recorder.retention import HOUSE, CaseFiles, Keeper, Outlook, PlaceBook, Policy, PolicyBook
from storage import UlidFactory
from tests.recorder.test_kept import DAY_NS, shelf_in
from tests.storage.footage import MORNING_NS, StoppedClock

SEGMENT_NS = 300_000_000_000
STREAM_SEGMENTS = 96  # eight hours
COLUMNS = (
    "id, stream, device, channel, opened_utc_ns, start_utc_ns, end_utc_ns, first_sequence, last_sequence, fragments,"
    " size_bytes, journal_bytes, cut_bytes, chain, digest, end_flags"
)


def fill(path, count, devices, new_id, clock):
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA synchronous=OFF")
    streams, kept = {}, []

    def rows():
        for at in range(count):
            device, number = at % devices, at // devices
            if device == 0:
                clock.utc += SEGMENT_NS
            if number % STREAM_SEGMENTS == 0:
                streams[device] = new_id()
            first, start = 1 + 10_000 * (number % STREAM_SEGMENTS), clock.utc - SEGMENT_NS
            if at % 997 == 0:  # no divisor of it: of all devices
                kept.append((f"dev{device:03}", streams[device], first, start))
            place = (f"dev{device:03}", "main", start, start, start + SEGMENT_NS, first, first + 9_999, 7_500)
            yield new_id(), streams[device], *place, 56_000_000, 1_200_000, 0, b"c" * 32, b"d" * 32, 0

    with connection:
        connection.executemany(f"INSERT INTO segments ({COLUMNS}) VALUES ({','.join('?' * 16)})", rows())
    connection.close()
    return kept


def as_clip(number, device, stream, first, start):
    passage = Passage(device, "main", "north", start, start + SEGMENT_NS, (Reference(stream, first, first + 9_999),))
    return Keeping(f"clip{number:022}", KeepingKind.CLIP, passage, "", "", "", "user:one", start, 1)


def say(words):
    sys.stdout.write(f"{words}\n")


async def measure(count, devices):
    clock = StoppedClock(utc=MORNING_NS)
    with TemporaryDirectory() as folder:
        async with shelf_in(Path(folder), clock) as shelf:
            begun = time.perf_counter()
            made = fill(Path(folder) / "mingjing.sqlite3", count, devices, UlidFactory(clock), clock)
            say(f"{count} rows of {devices} devices in {time.perf_counter() - begun:.0f} s, {len(made)} clips")
            for number, one in enumerate(made):
                shelf.pins.put(as_clip(number, *one))
            days = (clock.utc - MORNING_NS) / DAY_NS
            house = round((days - 1) * DAY_NS)
            years = Policy("north", 3_650, None, "", "", 0, 1)
            book = PolicyBook(house, [years], lambda unit: (unit, HOUSE))
            places = PlaceBook((f"dev{n:03}", 0, "north" if n % 2 else "south") for n in range(devices))
            keeper = Keeper(clock, house, book, places)
            limits = RingLimits(max_age_ns=house)
            ring = Ring(shelf.index, shelf, clock, limits, shelf.pins, lambda *_: None, lambda _: shelf.space, keeper)
            await timed("the first turn, with a day of half the devices to delete", ring.turn)
            say(f"  deleted {ring.deleted}")
            await timed("turns with nothing to do", ring.turn, 50)
            deleted = ring.deleted

            async def five_minutes_later():
                clock.pass_s(300)
                await ring.turn()

            await timed("turns of a live system: five minutes later each", five_minutes_later, 20)
            say(f"  deleted {ring.deleted - deleted}")
            outlook = Outlook(shelf.database, shelf.index, shelf.pins, places, CaseFiles(book))

            async def plan():
                found = await outlook.plan(book, clock.utc, clock.utc + 7 * DAY_NS)
                assert found

            await timed("the plan of a week", plan)


async def timed(words, act, times=1):
    took, cpu = [], time.process_time()
    for _ in range(times):
        begun = time.perf_counter()
        await act()
        took.append((time.perf_counter() - begun) * 1_000)
    cpu = (time.process_time() - cpu) * 1_000 / times
    say(f"{words}: median {statistics.median(took):.1f} ms, longest {max(took):.1f}, CPU {cpu:.1f} ms each")


if __name__ == "__main__":
    numbers = [int(given) for given in sys.argv[1:]]
    asyncio.run(measure(*(numbers + [1_000_000, 200][len(numbers) :])))
