"""What stands in a test house before its first start: places, devices and people, in a data directory.

Made once a test process and copied for each house: a copy costs milliseconds. Passwords are hashed
cheaply here, for their cost is no business of these tests; the server takes the cost from the hash.
"""

from dataclasses import dataclass
from pathlib import Path

from argon2 import PasswordHasher

from mingjing.settings import Settings
from mingjing.wiring import House, open_house
from viewer.access import Access, Role

PASSWORD = "correct horse battery"
DEVICES = tuple(f"dev{number}" for number in range(1, 21))  # at gate-north
SOUTHERN_DEVICE = "dev-south"  # at gate-south

PEOPLE: tuple[tuple[str, Role, str | None], ...] = (
    ("sysadmin", Role.SYSTEM_ADMIN, None),
    ("secadmin", Role.SECURITY_ADMIN, None),
    ("auditor", Role.AUDITOR, None),
    ("siteadmin", Role.SITE_ADMIN, None),
    ("supervisor", Role.SUPERVISOR, None),
    ("supervisor.north", Role.SUPERVISOR, "north"),
    ("supervisor.south", Role.SUPERVISOR, "south"),
    ("reviewer", Role.REVIEWER, None),
    *((f"guest{number}", Role.SUPERVISOR, None) for number in range(1, 8)),  # for tests that take rights away
)

_CHEAP = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
_BY = "cli:0"


@dataclass(frozen=True, slots=True)
class Furniture:
    """A data directory to copy, and the keys of the devices in it."""

    data_dir: Path
    keys: dict[str, str]


async def furnish(data_dir: Path) -> Furniture:
    """Make a store with two towns, twenty-one devices, and one person of each role that tests need."""
    async with open_house(Settings(data_dir=data_dir)) as house:
        registry = house.registry
        await registry.units.create("city", name="City", principal=_BY)
        for town in ("north", "south"):
            await registry.units.create(town, name=town.title(), parent="city", principal=_BY)
            await registry.checkpoints.create(f"gate-{town}", name=f"Gate {town}", unit=town, principal=_BY)
        places = dict.fromkeys(DEVICES, "gate-north") | {SOUTHERN_DEVICE: "gate-south"}
        keys = {
            name: (await registry.devices.register(name, place, name=f"Recorder {name}", principal=_BY)).key
            for name, place in places.items()
        }
        await _let_in(house)
    return Furniture(data_dir, keys)


async def _let_in(house: House) -> None:
    access = await Access.open(
        database=house.database,
        ledger=house.ledger,
        bus=house.bus,
        clock=house.clock,
        ids=house.new_id,
        unit_exists=lambda unit: house.registry.units.find(unit) is not None,
        hasher=_CHEAP,
    )
    try:
        for name, role, unit in PEOPLE:
            await access.accounts.create(name, role, unit, by=_BY, password=PASSWORD)
    finally:
        access.close()
