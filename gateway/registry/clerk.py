"""How every change of the registry is written: the rows, then the ledger entry, then the commit.

What should not be here: which changes there are, and what they do to memory and bus.
"""

from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from enum import Enum
from typing import Final, Literal, TypeAlias

from sqlalchemy.ext.asyncio import AsyncConnection

from storage.database import Database
from storage.ledger import JsonValue, Ledger


class _Keep(Enum):
    KEEP = "keep"


# "As it is", for fields of which None is a value.
KEEP: Final = _Keep.KEEP
Keep: TypeAlias = Literal[_Keep.KEEP]


@dataclass(frozen=True, slots=True)
class Clerk:
    database: Database
    ledger: Ledger

    @asynccontextmanager
    async def writes(
        self, principal: str, action: str, subject: str, detail: Mapping[str, JsonValue]
    ) -> AsyncIterator[AsyncConnection]:
        """A transaction whose last step is the entry. Raises LedgerUnavailable: nothing has changed."""
        async with self.database.write() as connection:
            yield connection
            await self.ledger.append(
                principal=principal, action=action, subject=subject, detail=detail, connection=connection
            )


def differences(before: object, after: object, fields: Iterable[str]) -> dict[str, JsonValue]:
    """`{field: {"from": …, "to": …}}` of the fields that differ: what an entry says of an edit."""
    found: dict[str, JsonValue] = {}
    for name in fields:
        was: JsonValue = getattr(before, name)
        becomes: JsonValue = getattr(after, name)
        if was != becomes:
            found[name] = {"from": was, "to": becomes}
    return found
