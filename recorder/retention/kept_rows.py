"""The rows of all segments of which something is kept, or was: found by the spans that pins have, not by their streams,
which are a hundred segments for one that is kept.

Bounds: `SPANS_AT_ONCE` spans a statement; what is handed on is in memory one page at a time.
"""

from collections.abc import AsyncIterator, Sequence
from itertools import islice
from typing import Any

from sqlalchemy import Row, and_, or_, select

from recorder.tables import segments
from storage.database import Database

SPANS_AT_ONCE = 100  # alternatives of one statement: each is a look into the index of streams


async def kept_rows(database: Database, spans: Sequence[tuple[str, int, int]]) -> AsyncIterator[Row[Any]]:
    """Each once. Raises SQLAlchemyError."""
    columns, seen = segments.c, set[str]()
    left = iter(spans)
    while some := list(islice(left, SPANS_AT_ONCE)):
        touched = or_(
            *(
                and_(columns.stream == stream, columns.first_sequence <= last, columns.last_sequence >= first)
                for stream, first, last in some
            )
        )
        async with database.read() as connection:
            rows = (await connection.execute(select(segments).where(touched))).all()
        for row in rows:
            if row.id not in seen:
                seen.add(row.id)
                yield row
