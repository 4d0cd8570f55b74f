"""In which unit each device was when: footage belongs to the unit of its device at the time of recording.

The registry knows the present alone, and files name no unit. So the present is looked at with each turn of the ring,
and what is new becomes an entry of the ledger and a row: a device that is moved is up to a turn late, and the segment
that is being written then stays with the unit in which it began. What was recorded before a device was seen here first
is taken for its first unit's.

Bounds: a row a device and move.
"""

import asyncio
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping

from sqlalchemy.dialects.sqlite import insert

from recorder.retention.tables import retention_places
from storage.database import Database
from storage.ledger import JsonValue, Ledger

PLACE = "retention.place"
DEVICES_AN_ENTRY = 300  # of 140 bytes at most: a line of the ledger takes 64 KiB
FOR_EVER_NS = 1 << 62

Stay = tuple[int, int, str]  # from, until, unit


class PlaceBook:
    """In memory: what the ring asks."""

    def __init__(self, rows: Iterable[tuple[str, int, str]] = ()) -> None:
        self.changes = 0
        self._since: dict[str, list[tuple[int, str]]] = {}
        self._present: Mapping[str, str] = {}  # what the registry says, written down or not
        for device, since_utc_ns, unit in rows:
            self.put(device, since_utc_ns, unit)

    def put(self, device: str, since_utc_ns: int, unit: str) -> None:
        self.changes += 1
        known = [stay for stay in self._since.get(device, []) if stay[0] != since_utc_ns]
        self._since[device] = sorted([*known, (since_utc_ns, unit)])

    def stays(self, device: str) -> list[Stay]:
        """Without a hole, oldest first; one at least. An empty unit: nobody knows the device."""
        known = self._since.get(device) or [(0, self._present.get(device, ""))]
        starts = [0, *(since for since, _ in known[1:])]
        ends = [*starts[1:], FOR_EVER_NS]
        return [(start, end, unit) for start, end, (_, unit) in zip(starts, ends, known, strict=True)]

    def unit_at(self, device: str, utc_ns: int) -> str:
        stays = self.stays(device)
        return stays[max(0, bisect_right([start for start, _, _ in stays], utc_ns) - 1)][2]

    def news(self, present: Mapping[str, str], utc_ns: int) -> dict[str, tuple[int, str]]:
        """Since when devices are in other units than is written down."""
        self._present = dict(present)
        found: dict[str, tuple[int, str]] = {}
        for device, unit in present.items():
            known = self._since.get(device)
            if not known:
                found[device] = 0, unit
            elif known[-1][1] != unit:
                found[device] = max(utc_ns, known[-1][0] + 1), unit
        return found


class Places:
    """Writes down what is new; the ledger before the rows."""

    def __init__(self, database: Database, ledger: Ledger, book: PlaceBook) -> None:
        self.book = book
        self._database = database
        self._ledger = ledger
        self._turn = asyncio.Lock()

    async def observe(self, present: Mapping[str, str], utc_ns: int) -> None:
        """Raises LedgerUnavailable, SQLAlchemyError: it is tried again with the next look."""
        async with self._turn:
            news = list(self.book.news(present, utc_ns).items())
            for at in range(0, len(news), DEVICES_AN_ENTRY):
                some = dict(news[at : at + DEVICES_AN_ENTRY])
                detail: dict[str, JsonValue] = {"units": {device: [*stay] for device, stay in some.items()}}
                async with self._database.write() as connection:
                    rows = [
                        {"device": device, "since_utc_ns": since, "unit": unit}
                        for device, (since, unit) in some.items()
                    ]
                    await connection.execute(insert(retention_places).on_conflict_do_nothing(), rows)
                    await self._ledger.append(principal="system", action=PLACE, detail=detail, connection=connection)
                for device, (since, unit) in some.items():
                    self.book.put(device, since, unit)


def told_places(detail: Mapping[str, JsonValue]) -> Iterator[tuple[str, int, str]]:
    """What an entry says. Raises KeyError, TypeError, ValueError: not the words of one."""
    units = detail["units"]
    if not isinstance(units, Mapping):
        raise TypeError("units is not an object")
    for device, stay in units.items():
        if not isinstance(stay, list):
            raise TypeError("a stay is not a list")
        since, unit = stay
        if type(since) is not int or not isinstance(unit, str):
            raise TypeError("a stay of other types")
        yield device, since, unit
