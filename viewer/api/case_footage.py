"""Where footage of a case is looked for: from when to when, and where its clips lie; what it opens to whoever reviews.

Not here: the footage (timeline, playback), and that nothing else is opened (viewer.case_at_hand).
"""

from typing import Annotated

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from recorder import Keeping, KeepingKind, KeptFilter
from storage import iso_from_ns
from supervision.cases import Status, window_of
from viewer.access import Action, CallerHere, GuardedRoute
from viewer.objects import case_object, kept_object
from viewer.services import ServicesHere

CLIPS_MAX = 500

router = APIRouter(prefix="/api/v1/cases", route_class=GuardedRoute, tags=["cases"])


class OpenedSpan(BaseModel):
    model_config = ConfigDict(populate_by_name=True)

    from_: Annotated[str, Field(alias="from")]
    to: str


class OpenedClip(OpenedSpan):
    device: str


class CaseFootage(BaseModel):
    """`begun_at`: as of the case. `around`: all devices of the unit, and of the units under it; null of a closed case.
    `clips`: at most 500."""

    id: str
    case_no: str
    unit: str
    status: Status
    begun_at: str
    around: OpenedSpan | None
    clips: list[OpenedClip]


@router.get("/{case}/footage")
async def read_case_footage(case: str, caller: CallerHere, services: ServicesHere) -> CaseFootage:
    found = await services.cases.find(case)
    await caller.enter(case_object(services.registry, case, found))
    assert found is not None  # the guard lets nobody in to what does not exist
    window = window_of(found, services.case_margins)
    kept = services.kept
    asked = KeptFilter(kind=KeepingKind.CLIP, case=case, standing_at=kept.now_utc_ns())
    clips = (await kept.page(asked, limit=CLIPS_MAX)).items
    return CaseFootage(
        id=found.id,
        case_no=found.fields.case_no,
        unit=found.fields.unit,
        status=found.status,
        begun_at=iso_from_ns(found.begun_utc_ns),
        around=None
        if window is None
        else OpenedSpan(from_=iso_from_ns(window.start_utc_ns), to=iso_from_ns(window.end_utc_ns)),
        clips=[
            _clip(one) for one in clips if caller.sees(Action.CLIP_READ, kept_object(services.registry, one.id, one))
        ],
    )


def _clip(clip: Keeping) -> OpenedClip:
    passage = clip.passage
    start, end = iso_from_ns(passage.start_utc_ns), iso_from_ns(passage.end_utc_ns)
    return OpenedClip(from_=start, to=end, device=passage.device)
