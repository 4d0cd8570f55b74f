"""Retention, wired: policies out of database and ledger, where devices are from the registry, and the files of cases.

Cases live above the recorder, so what it must know of them is handed in from here.
"""

from functools import partial

from gateway.registry import Registry
from mingjing.wiring import House
from recorder import Archiver, ArchiveRules, Pins
from recorder.retention import (
    Believed,
    CaseFile,
    CaseFiles,
    Certificates,
    HealthWatch,
    Keeper,
    Outlook,
    PlaceBook,
    Places,
    Policies,
    PolicyBook,
    Room,
    TrustedTime,
    WrittenDown,
    first_belief,
    load_retention,
    read_belief,
)
from storage.ledger import Ledger
from supervision.cases import Cases, Status
from viewer import RetentionDesk


class Retention:
    """What ring and viewer stand on. Made by `open_retention`; `keeper`, then `desk`, then `run`."""

    def __init__(
        self,
        house: House,
        rules: ArchiveRules,
        pins: Pins,
        book: PolicyBook,
        places: PlaceBook,
        believed: Believed | None,
        newest_entry_utc_ns: int,
    ) -> None:
        self._house = house
        self._limits = rules.ring
        self._pins = pins
        self._policies = Policies(house.database, house.ledger, house.steady, book)
        self._places = places
        self._case_files = CaseFiles(book, partial(case_file, house.cases, house.ledger))
        self._believed = believed
        self._newest_entry_utc_ns = newest_entry_utc_ns
        self._keeper: Keeper | None = None
        self._watch: HealthWatch | None = None

    def keeper(self, newest_footage_utc_ns: int) -> Keeper:
        """What the ring goes by."""
        house, clock = self._house, self._house.steady
        believed = self._believed or first_belief(newest_footage_utc_ns, self._newest_entry_utc_ns)
        self._keeper = Keeper(
            clock=clock,
            house_ns=self._limits.max_age_ns,
            policies=self._policies.book,
            places=self._places,
            case_files=self._case_files,
            time=TrustedTime(clock, believed),
            beside=WrittenDown(
                house.database,
                Places(house.database, house.ledger, self._places),
                Certificates(house.database, house.ledger, clock),
                partial(units_of_devices, house.registry),
            ),
        )
        return self._keeper

    def desk(self, archiver: Archiver) -> RetentionDesk:
        """What the viewer is handed."""
        house, keeper, limits = self._house, self._keeper, self._limits
        assert keeper is not None, "the archive makes it when it opens"
        room = Room(house.store.media, limits.max_bytes, limits.keep_free)
        self._watch = watch = HealthWatch(
            house.database, archiver.index, keeper, self._pins, house.clock, room, archiver.tell
        )
        return RetentionDesk(
            policies=self._policies,
            places=self._places,
            case_files=self._case_files,
            outlook=Outlook(house.database, archiver.index, self._pins, self._places, self._case_files),
            now_utc_ns=keeper.time.utc_ns,
            minimum_ns=limits.min_age_ns,
            health=lambda: watch.latest,
            clock_doubted=lambda: keeper.time.doubted,
        )

    async def run(self) -> None:
        """Reckon how the archive does, for as long as the server runs."""
        assert self._watch is not None
        await self._watch.run()


async def open_retention(house: House, rules: ArchiveRules, pins: Pins) -> Retention:
    """Rows that the database lacks come back from the ledger first.

    Raises:
        SQLAlchemyError: the database refuses; then nothing may be deleted.
    """
    book, places = await load_retention(
        house.database, house.ledger, rules.ring.max_age_ns, house.registry.units.path, house.steady.utc_ns()
    )
    entries = (await house.ledger.query(limit=1)).items
    newest_ns = entries[0].utc_ns if entries else 0
    return Retention(house, rules, pins, book, places, await read_belief(house.database), newest_ns)


def units_of_devices(registry: Registry) -> dict[str, str]:
    """Of every device that is registered now."""
    found: dict[str, str] = {}
    cursor: str | None = None
    while True:
        page = registry.devices.list(cursor=cursor, limit=500)
        found.update({device.id: device.unit for device in page.items})
        cursor = page.next_cursor
        if cursor is None:
            return found


async def case_file(cases: Cases, ledger: Ledger, case_id: str) -> CaseFile | None:
    """None: there is no such case. One that is closed ended with its last stage, or when it was closed: the later."""
    case = await cases.find(case_id)
    if case is None:
        return None
    if case.status is not Status.CLOSED:
        return CaseFile(case.fields.unit, None)
    closed = (await ledger.query(action="case.close", subject=case_id, limit=1)).items
    known = [
        utc_ns
        for times in case.fields.stages.values()
        for utc_ns in (times.begin_utc_ns, times.end_utc_ns)
        if utc_ns is not None
    ]
    return CaseFile(case.fields.unit, max([*known, *(entry.utc_ns for entry in closed)], default=None))
