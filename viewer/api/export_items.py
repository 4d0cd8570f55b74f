"""Exports as requests order them and answers show them. Not here: routes (exports)."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from recorder import Export, ExportState
from storage import iso_from_ns, utc_from_ns
from viewer.api.times import Moment, iso_or_none
from viewer.exports import bundle_name
from viewer.services import Services

ID_LENGTH_MAX = 64
TEXT_LENGTH_MAX = 1_000
CLIPS_MAX = 100  # the room's own limit

Id = Annotated[str, Field(min_length=1, max_length=ID_LENGTH_MAX)]


class OrderedInterval(BaseModel):
    """Footage that is no clip."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True)

    device: Id
    channel: Literal["main", "sub", "talk"] = "main"
    from_: Annotated[Moment, Field(alias="from")]
    to: Moment


class ExportOrder(BaseModel):
    """Clips, intervals, or a case alone, which is all its clips. `copies`: also with time, case and taker burnt in."""

    model_config = ConfigDict(extra="forbid")

    clips: Annotated[list[Id], Field(max_length=CLIPS_MAX)] = []
    intervals: Annotated[list[OrderedInterval], Field(max_length=CLIPS_MAX)] = []
    case: Annotated[str, Field(max_length=ID_LENGTH_MAX)] = ""
    copies: bool = False


class NewExport(ExportOrder):
    reason: Annotated[str, Field(min_length=1, max_length=TEXT_LENGTH_MAX)]


class EstimateItem(BaseModel):
    """`mass`: why a second person will have to agree. `room_bytes`: what the disk has for it."""

    size_bytes: int
    seconds: int
    mass: list[str]
    room_bytes: int


class ExportedPassage(BaseModel):
    """`clip` is empty for an interval that is no clip."""

    clip: str
    device: str
    channel: str
    unit: str
    start: str
    end: str
    stage: str


class ProgressItem(BaseModel):
    """`done` of `total` of a phase; a total of 0 is not known."""

    phase: str
    done: int
    total: int


class ExportItem(BaseModel):
    """`waits_for_agreement`: somebody else than who ordered it has to agree first. `sha256` and `file_name` are those
    of the bundle, which is there until `free_at`."""

    id: str
    state: ExportState
    progress: ProgressItem | None
    waits_for_agreement: bool
    mass: list[str]
    items: list[ExportedPassage]
    seconds: int
    case: str
    case_no: str
    reason: str
    copies: bool
    created_by: str
    created_at: str
    agreed_by: str | None
    agreed_at: str | None
    ended_by: str | None
    estimate_bytes: int
    size_bytes: int | None
    sha256: str | None
    file_name: str | None
    ready_at: str | None
    free_at: str | None
    failure: str | None
    fix: str | None
    version: int


def export_item(export: Export, services: Services) -> ExportItem:
    running = services.exports.running(export.id)
    phase, done, total = ("", 0, 0) if running is None else running.progress
    ready = export.ready_utc_ns > 0
    return ExportItem(
        id=export.id,
        state=services.exports.state_of(export),
        progress=None if running is None else ProgressItem(phase=str(phase), done=done, total=total),
        waits_for_agreement=export.waits_for_agreement,
        mass=[one.value for one in export.mass],
        items=[
            ExportedPassage(
                clip=one.clip,
                device=one.passage.device,
                channel=one.passage.channel,
                unit=one.passage.unit,
                start=iso_from_ns(one.passage.start_utc_ns),
                end=iso_from_ns(one.passage.end_utc_ns),
                stage=one.stage,
            )
            for one in export.items
        ],
        seconds=export.seconds,
        case=export.case,
        case_no=export.case_no,
        reason=export.reason,
        copies=export.copies,
        created_by=export.created_by,
        created_at=iso_from_ns(export.created_utc_ns),
        agreed_by=export.agreed_by or None,
        agreed_at=iso_or_none(export.agreed_utc_ns or None),
        ended_by=export.ended_by or None,
        estimate_bytes=export.estimate_bytes,
        size_bytes=export.size_bytes if ready else None,
        sha256=export.sha256 or None,
        file_name=file_name(export) if ready else None,
        ready_at=iso_or_none(export.ready_utc_ns or None),
        free_at=iso_or_none(export.free_utc_ns or None),
        failure=export.failure or None,
        fix=export.fix or None,
        version=export.version,
    )


def file_name(export: Export) -> str:
    return bundle_name(export.case_no, export.id, utc_from_ns(export.ready_utc_ns))
