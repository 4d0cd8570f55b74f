"""How far the recordings were hashed again, and which of them are not whole. Not here: doing it (recorder.scrubber)."""

from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel

from recorder import BadSegment, ScrubState, ScrubStatistics
from recorder import Damage as DamageKind
from storage import iso_from_ns
from viewer.access import CallerHere, GuardedRoute
from viewer.api.times import iso_or_none
from viewer.services import ServicesHere

BAD_DEFAULT = 100
BAD_MAX = 500  # the newest; whoever has more has lost a disk

router = APIRouter(prefix="/api/v1/archive/scrub", route_class=GuardedRoute, tags=["archive"])


class ScrubRoundItem(BaseModel):
    """One time round all recordings. `total_bytes` is what there is now; `done_at` how it goes at the present rate."""

    number: int
    begun_at: str
    finished_at: str | None
    segments: int
    read_bytes: int
    total_bytes: int
    done_at: str | None


class BadSegmentItem(BaseModel):
    """A recording that is not whole. From `first_bad_at` on it must not be relied on; `places` of it differ."""

    segment: str
    device: str
    channel: str
    start: str
    end: str
    kind: DamageKind
    words: str
    places: int
    first_bad_at: str
    found_at: str


class Scrub(BaseModel):
    """`slowed`: recording needs the disk. `bad_total` may be more than the newest in `bad`."""

    state: ScrubState
    slowed: bool
    waits_for: str
    limit_bytes_per_s: int
    bytes_per_s: int
    round: ScrubRoundItem | None
    last_finished_at: str | None
    next_at: str | None
    bad_total: int
    bad: list[BadSegmentItem]


@router.get("")
async def read_scrub(
    caller: CallerHere, services: ServicesHere, limit: Annotated[int, Query(ge=0, le=BAD_MAX)] = BAD_DEFAULT
) -> Scrub:
    """State, rate and progress of the round, and the newest `limit` findings."""
    await caller.enter()
    if services.scrubber is None:
        return _OFF
    now = await services.scrubber.statistics()
    bad, total = await services.scrubber.bad(limit)
    return Scrub(
        state=now.state,
        slowed=now.slowed,
        waits_for=now.waits_for,
        limit_bytes_per_s=now.limit_bytes_a_second,
        bytes_per_s=round(now.bytes_a_second),
        round=_round(now),
        last_finished_at=iso_or_none(now.last_finished_utc_ns),
        next_at=iso_or_none(now.next_utc_ns),
        bad_total=total,
        bad=[_bad(one) for one in bad],
    )


def _round(now: ScrubStatistics) -> ScrubRoundItem | None:
    if now.round is None:
        return None
    return ScrubRoundItem(
        number=now.round.number,
        begun_at=iso_from_ns(now.round.begun_utc_ns),
        finished_at=iso_or_none(now.round.finished_utc_ns),
        segments=now.round.segments,
        read_bytes=now.round.read_bytes,
        total_bytes=now.round_bytes,
        done_at=iso_or_none(now.done_at_utc_ns),
    )


def _bad(one: BadSegment) -> BadSegmentItem:
    return BadSegmentItem(
        segment=one.segment,
        device=one.device,
        channel=one.channel,
        start=iso_from_ns(one.start_utc_ns),
        end=iso_from_ns(one.end_utc_ns),
        kind=one.finding.kind,
        words=one.finding.words,
        places=one.finding.places,
        first_bad_at=iso_from_ns(one.finding.first_bad_utc_ns),
        found_at=iso_from_ns(one.found_utc_ns),
    )


_OFF = Scrub(
    state=ScrubState.OFF,
    slowed=False,
    waits_for="",
    limit_bytes_per_s=0,
    bytes_per_s=0,
    round=None,
    last_finished_at=None,
    next_at=None,
    bad_total=0,
    bad=[],
)
