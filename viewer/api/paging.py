"""Lists: how they are asked for, and how they are answered: `{items, next_cursor, total}`."""

import base64
import binascii
import json
from collections.abc import Callable, Iterable, Mapping
from typing import Annotated, Generic, TypeVar

from fastapi import Query
from pydantic import BaseModel

from viewer.problems import INVALID, Problem

LIMIT_DEFAULT = 50
LIMIT_MAX = 500  # a page the web app still shows at once; the registry's own limit
SEARCH_LENGTH_MAX = 128
CURSOR_LENGTH_MAX = 1_024

Item = TypeVar("Item")
Row = TypeVar("Row")

Limit = Annotated[int, Query(ge=1, le=LIMIT_MAX, description="Items on a page.")]
Cursor = Annotated[str | None, Query(max_length=CURSOR_LENGTH_MAX, description="`next_cursor` of the page before.")]
Search = Annotated[str, Query(max_length=SEARCH_LENGTH_MAX, description="What id or name must contain.")]
Sort = Annotated[str, Query(max_length=64, description="Name of a field; a minus before it turns the order.")]


class Page(BaseModel, Generic[Item]):
    """`total` counts all that match, on whatever page."""

    items: list[Item]
    next_cursor: str | None
    total: int


def cut_page(
    rows: Iterable[Row],
    keys: Mapping[str, Callable[[Row], str]],
    id_key: str,
    sort: str,
    cursor: str | None,
    limit: int,
) -> tuple[list[Row], str | None, int]:
    """Sort rows that are in memory and cut one page: rows, next cursor, total.

    A cursor is sort key and id of the last row given, so it survives insertions and removals.
    """
    name = sort.removeprefix("-")
    if name not in keys:
        raise Problem(
            INVALID, f"The list cannot be sorted by {name!r}.", field="sort", fix=f"One of {', '.join(keys)}."
        )
    key, row_id = keys[name], keys[id_key]
    descending = sort.startswith("-")
    ranked = [((key(row), row_id(row)), row) for row in rows]
    ranked.sort(key=lambda entry: entry[0], reverse=descending)
    total = len(ranked)
    if cursor is not None:
        after = _decode(cursor)
        ranked = [entry for entry in ranked if (entry[0] < after if descending else entry[0] > after)]
    following = _encode(ranked[limit - 1][0]) if len(ranked) > limit else None
    return [row for _, row in ranked[:limit]], following, total


def _encode(rank: tuple[str, str]) -> str:
    return base64.urlsafe_b64encode(json.dumps(rank).encode()).decode("ascii")


def _decode(cursor: str) -> tuple[str, str]:
    try:
        key, row_id = json.loads(base64.urlsafe_b64decode(cursor))
        if isinstance(key, str) and isinstance(row_id, str):
            return key, row_id
    except (ValueError, TypeError, binascii.Error):
        pass
    raise Problem(INVALID, "This is not a cursor of this list.", field="cursor", fix="Begin at the first page.")
