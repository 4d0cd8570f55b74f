"""Policies and places that the database lacks, made again from the ledger at each start, before the ring begins.

Of a policy its last entry says all; of places each entry says some. An entry whose commit failed counts as well: what
was to be kept longer is. Of a policy that the rows do not know in this form nobody can say whether its author was
told, so what held before it holds for seven days from this start.
"""

import json
from collections.abc import Mapping
from dataclasses import replace

import structlog
from sqlalchemy import select
from sqlalchemy.dialects.sqlite import insert

from recorder.retention.book import PolicyBook, UnitPath
from recorder.retention.places import PLACE, PlaceBook, told_places
from recorder.retention.policies import SET, put_row
from recorder.retention.policy import REMORSE_NS, Policy
from recorder.retention.tables import retention_places, retention_policies, retention_replayed
from storage.database import Database
from storage.ledger import Entry, JsonValue, Ledger

BATCH = 500  # entries a page of the ledger

log = structlog.get_logger()


async def load_retention(
    database: Database, ledger: Ledger, house_ns: int, unit_path: UnitPath, now_utc_ns: int
) -> tuple[PolicyBook, PlaceBook]:
    """Bring the rows up to the ledger, and all of it into memory.

    Raises:
        SQLAlchemyError: the database refuses; then nothing may be deleted.
    """
    async with database.read() as connection:
        done = await connection.scalar(select(retention_replayed.c.entry)) or 0
    head = ledger.statistics().entries
    policies: dict[str, Policy] = {}
    for entry in await _since(ledger, SET, done, head):
        if entry.subject not in policies and (policy := _policy(entry)) is not None:
            policies[entry.subject] = policy
    places: dict[tuple[str, int], str] = {}
    for entry in reversed(await _since(ledger, PLACE, done, head)):
        try:
            places.update({(device, since): unit for device, since, unit in told_places(entry.detail)})
        except (KeyError, TypeError, ValueError) as error:
            log.error("a ledger entry that says nothing of where devices were", n=entry.n, why=str(error))
    async with database.write() as connection:
        known = {
            row.unit: Policy.from_detail(row.unit, json.loads(row.state))
            for row in await connection.execute(select(retention_policies))
        }
        for unit, policy in policies.items():
            if known.get(unit) != policy:
                await put_row(connection, _with_days_left(policy, now_utc_ns))
        for (device, since), unit in places.items():
            values = insert(retention_places).values(device=device, since_utc_ns=since, unit=unit)
            await connection.execute(values.on_conflict_do_nothing())
        mark = insert(retention_replayed).values(one=1, entry=head)
        await connection.execute(mark.on_conflict_do_update(index_elements=["one"], set_={"entry": head}))
    async with database.read() as connection:
        policy_rows = (await connection.execute(select(retention_policies))).all()
        place_rows = (await connection.execute(select(retention_places))).all()
    book = PolicyBook(house_ns, (Policy.from_detail(row.unit, json.loads(row.state)) for row in policy_rows), unit_path)
    return book, PlaceBook((row.device, row.since_utc_ns, row.unit) for row in place_rows)


async def _since(ledger: Ledger, action: str, after_n: int, head: int) -> list[Entry]:
    """Newest first."""
    found: list[Entry] = []
    before = head + 1
    while entries := await ledger.newest(action, before, BATCH, after_n=after_n):
        found += entries
        before = entries[-1].n
    return found


def _policy(entry: Entry) -> Policy | None:
    detail: Mapping[str, JsonValue] = entry.detail
    try:
        return Policy.from_detail(entry.subject, detail)
    except (KeyError, TypeError, ValueError) as error:
        log.error("a ledger entry that says nothing of a policy", n=entry.n, why=str(error))
        return None


def _with_days_left(policy: Policy, now_utc_ns: int) -> Policy:
    if policy.earlier is None:
        return policy
    until = max(policy.earlier.until_utc_ns, now_utc_ns + REMORSE_NS)
    return replace(policy, earlier=replace(policy.earlier, until_utc_ns=until))
