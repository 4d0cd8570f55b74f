"""Views and talks that had no end are named once, at the next start."""

import pytest

from storage.ledger import Entry, Ledger
from tests.storage.manual_clock import ManualClock
from tests.viewer.conftest import open_front
from viewer.live import cut_views
from viewer.live.cut_views import record_cut_views

LI = {"principal": "user:li", "subject": "dev1"}


def opened(view: str) -> dict[str, object]:
    return {**LI, "action": "live.open", "detail": {"view": view, "channel": "main", "purpose": "duty"}}


async def cut_of(ledger: Ledger, noun: str, count: int) -> tuple[Entry, ...]:
    """Once there are so many."""
    while (found := await ledger.query(action=f"{noun}.cut")).total < count:
        pass
    assert found.total == count
    return found.items


async def test_what_was_cut_is_named_at_the_next_start_and_only_there(tmp_path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(cut_views, "ENTRIES_A_READ", 2)
    clock = ManualClock()
    async with open_front(tmp_path, clock=clock) as front:
        ledger = front.services.ledger
        await ledger.append(**opened("one"))
        await ledger.append(**opened("two"))
        await ledger.append(**LI, action="live.close", detail={"view": "one", "seconds": 3})
        await ledger.append(**LI, action="live.open", detail={"channel": "main"})  # of a version before views had names
        await ledger.append(**opened("three"))
        for talk in ("first", "second"):
            await ledger.append(**LI, action="talk.open", detail={"view": "three", "stream": talk})
        await ledger.append(**LI, action="talk.close", detail={"view": "three", "stream": "first", "seconds": 1})
    async with open_front(tmp_path, clock=clock) as front:
        ledger = front.services.ledger
        views, talks = await cut_of(ledger, "live", 2), await cut_of(ledger, "talk", 1)
    async with open_front(tmp_path, clock=clock) as front:
        ledger = front.services.ledger
        await ledger.append(**opened("of this run"))
        await record_cut_views(ledger, front.first_n)  # as the app does by itself
        assert (await cut_of(ledger, "live", 2), await cut_of(ledger, "talk", 1)) == (views, talks)
    assert [(each.principal, each.subject, each.detail["view"], each.detail["opened"]) for each in views] == [
        ("system", "dev1", "three", 5),
        ("system", "dev1", "two", 2),
    ]
    assert views[0].detail | {"user": "user:li", "purpose": "duty", "channel": "main"} == views[0].detail
    assert [(each.detail["stream"], each.detail["opened"]) for each in talks] == [("second", 7)]


async def test_no_more_is_looked_at_than_a_bound(tmp_path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(cut_views, "LOOKED_BACK_MAX", 3)
    monkeypatch.setattr(cut_views, "ENTRIES_A_READ", 1)
    async with open_front(tmp_path) as front:
        ledger = front.services.ledger
        for name in ("too long ago", "one", "two", "three"):
            await ledger.append(**opened(name))
        await record_cut_views(ledger, ledger.statistics().entries + 1)
        assert [each.detail["view"] for each in await cut_of(ledger, "live", 3)] == ["three", "two", "one"]
