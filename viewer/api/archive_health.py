"""How the archive does: room and when it will be short, what is kept by whom, missing files.

Reckoned once an hour (recorder.retention.health). Not here: the state of the disk and of signed heads (system).
"""

from fastapi import APIRouter
from pydantic import BaseModel

from storage import DAY_NS, iso_from_ns
from viewer.access import CallerHere, GuardedRoute
from viewer.services import ServicesHere

router = APIRouter(prefix="/api/v1/archive", route_class=GuardedRoute, tags=["archive"])


class KeptBytes(BaseModel):
    """`why` is case, clip or hold: what two keep counts once, for the first of hold, case, clip."""

    unit: str
    why: str
    segments: int
    bytes: int


class CurvePoint(BaseModel):
    day: float
    bytes: int


class SpaceForecast(BaseModel):
    """`days_left` null: for two years there is room. `asked_bytes`: what policies come to, if there is room for it."""

    bytes_a_day: int
    stored_bytes: int
    capacity_bytes: int
    asked_bytes: int
    days_left: float | None
    short_at: str | None
    curve: list[CurvePoint]


class ArchiveHealth(BaseModel):
    """`made_at` null: it is reckoned for the first time, half a minute after the start."""

    made_at: str | None
    total_bytes: int
    free_bytes: int
    missing_segments: int
    clock_doubted: bool
    kept: list[KeptBytes]
    forecast: SpaceForecast | None


@router.get("/health")
async def read_archive_health(caller: CallerHere, services: ServicesHere) -> ArchiveHealth:
    await caller.enter()
    health = services.retention.health()
    doubted = services.retention.clock_doubted()
    if health is None:
        return ArchiveHealth(
            made_at=None, total_bytes=0, free_bytes=0, missing_segments=0, clock_doubted=doubted, kept=[], forecast=None
        )
    known = health.forecast
    short_ns = None if known.days_left is None else health.utc_ns + round(known.days_left * DAY_NS)
    return ArchiveHealth(
        made_at=iso_from_ns(health.utc_ns),
        total_bytes=health.space.total_bytes,
        free_bytes=health.space.free_bytes,
        missing_segments=health.segments_missing,
        clock_doubted=doubted,
        kept=[
            KeptBytes(unit=one.unit, why=one.why, segments=one.segments, bytes=one.size_bytes) for one in health.kept
        ],
        forecast=SpaceForecast(
            bytes_a_day=round(known.bytes_a_day),
            stored_bytes=known.stored_bytes,
            capacity_bytes=known.capacity_bytes,
            asked_bytes=round(known.asked_bytes),
            days_left=known.days_left,
            short_at=None if short_ns is None else iso_from_ns(short_ns),
            curve=[CurvePoint(day=day, bytes=round(size)) for day, size in known.curve],
        ),
    )
