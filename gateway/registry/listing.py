"""Pages of a list that is in memory: sorted, with a cursor that survives insertions and removals.

A cursor is the sort key and id of the last item given, so the next page begins behind it even if
that item is gone by then.
"""

import base64
import binascii
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar

from gateway.registry.errors import Invalid

PAGE_MAX = 500

T = TypeVar("T")
SortKey = Callable[[T], str]


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """`total` counts all that match, on whatever page."""

    items: tuple[T, ...]
    next_cursor: str | None
    total: int


def take_page(
    matching: Iterable[T], id_of: SortKey[T], keys: Mapping[str, SortKey[T]], sort: str, cursor: str | None, limit: int
) -> Page[T]:
    """Sort by a key of `keys` (a minus before its name turns the order), ties by id, and cut a page.

    Raises:
        Invalid: no such sort key, or a cursor that no page gave.
    """
    descending, name = sort.startswith("-"), sort.removeprefix("-")
    if name not in keys:
        raise Invalid(
            f"The list cannot be sorted by {name[:40]!r}.", field="sort", fix=f"Use one of {', '.join(keys)}."
        )
    key = keys[name]
    ranked = sorted(((key(item), id_of(item), item) for item in matching), key=_rank, reverse=descending)
    total = len(ranked)
    if cursor is not None:
        after = _decode(cursor)
        ranked = [entry for entry in ranked if (_rank(entry) < after if descending else _rank(entry) > after)]
    limit = max(1, min(limit, PAGE_MAX))
    taken = ranked[:limit]
    following = _encode(_rank(taken[-1])) if len(ranked) > limit else None
    return Page(tuple(item for _, _, item in taken), following, total)


def _rank(entry: tuple[str, str, T]) -> tuple[str, str]:
    return entry[0], entry[1]


def _encode(rank: tuple[str, str]) -> str:
    return base64.urlsafe_b64encode(json.dumps(rank).encode()).decode("ascii").rstrip("=")


def _decode(cursor: str) -> tuple[str, str]:
    try:
        key, item_id = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        if isinstance(key, str) and isinstance(item_id, str):
            return key, item_id
    except (ValueError, TypeError, binascii.Error):
        pass
    raise Invalid("This is not a cursor of this list.", field="cursor", fix="Begin at the first page.")
