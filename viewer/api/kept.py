"""What clips and holds have in common: footage that no automatic path deletes, by somebody's decision and for a reason.

    POST /api/v1/clips      an interval, or the last seconds up to now; 201 with what was pinned
    POST …/{id}/removal     one person asks, …/removal/agree another agrees; seven days later the footage is free
    DELETE …/{id}/removal   keep it after all

Holds (/api/v1/holds) are the same, but that they must say why. Not here: looking at the footage (recordings).
"""

from dataclasses import replace
from typing import Annotated, Literal

from fastapi import APIRouter, Query, Response, status
from pydantic import BaseModel, ConfigDict, Field

from recorder import Keeping, KeepingKind, KeptFilter, NotACursor
from storage import SegmentUnreadableError, iso_from_ns
from supervision.cases import Case, Stage, TimeSpan
from supervision.cases import Status as CaseState
from viewer.access import Action, Caller, CallerHere, GuardedRoute, Object
from viewer.api.paging import LIMIT_DEFAULT, Cursor, Limit, Page
from viewer.api.times import Moment, iso_or_none, ns_from
from viewer.api.versions import IfMatch, require_match, set_etag
from viewer.case_at_hand import CaseAtHand, Stretch
from viewer.objects import case_object, device_object, kept_object, kept_scope
from viewer.problems import CONFLICT, GONE, INVALID, Problem
from viewer.services import Services, ServicesHere

ID_LENGTH_MAX = 64
TEXT_LENGTH_MAX = 1_000
LAST_S_MAX = 3_600
_NS_PER_S = 1_000_000_000

Id = Annotated[str, Field(max_length=ID_LENGTH_MAX)]
Words = Annotated[str, Field(max_length=TEXT_LENGTH_MAX)]


class NewKeeping(BaseModel):
    """Either `from` and `to`, or `last_s`: that many seconds up to what was recorded last, while recording goes on."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True)

    device: Annotated[str, Field(min_length=1, max_length=ID_LENGTH_MAX)]
    channel: Literal["main", "sub", "talk"] = "main"
    from_: Annotated[Moment | None, Field(alias="from")] = None
    to: Moment | None = None
    last_s: Annotated[int | None, Field(ge=1, le=LAST_S_MAX)] = None
    case: Id = ""
    stage: Stage | None = None
    note: Words = ""


class KeepingEdit(BaseModel):
    """What is left out stays as it is."""

    model_config = ConfigDict(extra="forbid")

    case: Id | None = None
    stage: Stage | Literal[""] | None = None
    note: Words | None = None


class RemovalWish(BaseModel):
    model_config = ConfigDict(extra="forbid")

    reason: Annotated[str, Field(min_length=1, max_length=TEXT_LENGTH_MAX)]


class ReferenceItem(BaseModel):
    """Sequences are those of `stream`, both inclusive."""

    stream: str
    first_sequence: int
    last_sequence: int


class RemovalItem(BaseModel):
    """`free_at` is there once a second person has agreed: from then on the footage may go."""

    asked_by: str
    asked_at: str
    reason: str
    agreed_by: str | None
    free_at: str | None


class KeepingItem(BaseModel):
    """`standing`: its footage is kept now. `case` and `stage` are empty where it is tagged to none."""

    id: str
    device: str
    channel: str
    unit: str
    start: str
    end: str
    references: list[ReferenceItem]
    case: str
    stage: str
    note: str
    created_by: str
    created_at: str
    removal: RemovalItem | None
    standing: bool
    version: int


def kept_routes(kind: KeepingKind) -> APIRouter:
    """The doors of one kind: clips and holds differ in their name alone."""
    noun = f"{kind}s"
    router = APIRouter(prefix=f"/api/v1/{noun}", route_class=GuardedRoute, tags=[noun])

    def answer(keeping: Keeping, services: Services, response: Response) -> KeepingItem:
        set_etag(response, keeping.version)
        return _item(keeping, services)

    @router.get("", name=f"list_{noun}")
    async def list_kept(
        caller: CallerHere,
        services: ServicesHere,
        device: Annotated[str | None, Query(max_length=ID_LENGTH_MAX)] = None,
        case: Annotated[str | None, Query(max_length=ID_LENGTH_MAX)] = None,
        from_: Annotated[Moment | None, Query(alias="from", description="That end after this.")] = None,
        to: Annotated[Moment | None, Query(description="That begin before this.")] = None,
        standing: Annotated[bool | None, Query(description="True: only those that keep footage now.")] = None,
        cursor: Cursor = None,
        limit: Limit = LIMIT_DEFAULT,
    ) -> Page[KeepingItem]:
        principal = await caller.enter()
        wanted = KeptFilter(
            kind=kind,
            device=device,
            case=case,
            from_utc_ns=None if from_ is None else ns_from(from_),
            to_utc_ns=None if to is None else ns_from(to),
            standing_at=services.kept.now_utc_ns() if standing else None,
            within=None if principal.unit is None else kept_scope(services.registry, principal.unit),
        )
        try:
            page = await services.kept.page(wanted, cursor=cursor, limit=limit)
        except NotACursor:
            words = "This is not a cursor of this list."
            raise Problem(INVALID, words, field="cursor", fix="Begin at the first page.") from None
        items = [_item(keeping, services) for keeping in page.items]
        return Page(items=items, next_cursor=page.next_cursor, total=page.total)

    @router.post("", name=f"create_{kind}", status_code=status.HTTP_201_CREATED)
    async def create(caller: CallerHere, services: ServicesHere, body: NewKeeping, response: Response) -> KeepingItem:
        thing = device_object(services.registry, body.device)
        await caller.enter(replace(thing, opened=True))  # before anything else of it is said
        start_utc_ns, end_utc_ns = _interval(body, services)
        case = await _require_case(body.case, caller, services)
        stretch = Stretch(body.device, TimeSpan(start_utc_ns, end_utc_ns))
        await caller.enter_also(caller.action, await _tagged(thing, case, stretch, services))
        try:
            keeping = await services.kept.keep(
                kind,
                device=body.device,
                channel=body.channel,
                unit=services.registry.devices.get(body.device).unit,
                start_utc_ns=start_utc_ns,
                end_utc_ns=end_utc_ns,
                case=body.case,
                stage=body.stage or "",
                note=body.note,
                principal=caller.ledger_name,
            )
        except (SegmentUnreadableError, OSError) as error:
            words = f"Footage of this interval cannot be read: {error}."
            raise Problem(GONE, words, field="from", fix="Run `mingjing store check`; it names the file.") from error
        return answer(keeping, services, response)

    @router.get("/{keeping}", name=f"read_{kind}")
    async def read(keeping: str, caller: CallerHere, services: ServicesHere, response: Response) -> KeepingItem:
        return answer(await _enter(kind, keeping, caller, services), services, response)

    @router.patch("/{keeping}", name=f"edit_{kind}")
    async def edit(
        keeping: str,
        caller: CallerHere,
        services: ServicesHere,
        body: KeepingEdit,
        response: Response,
        if_match: IfMatch = None,
    ) -> KeepingItem:
        before = await _enter(kind, keeping, caller, services)
        require_match(if_match, before.version)
        if body.case is not None and body.case != before.case:
            await _require_case(before.case, caller, services)
            case, thing = (
                await _require_case(body.case, caller, services),
                kept_object(services.registry, keeping, before),
            )
            await caller.enter_also(caller.action, await _tagged(thing, case, Stretch.of(before.passage), services))
        edited = await services.kept.edit(
            before,
            case=before.case if body.case is None else body.case,
            stage=before.stage if body.stage is None else body.stage,
            note=before.note if body.note is None else body.note,
            principal=caller.ledger_name,
        )
        return answer(edited, services, response)

    @router.post("/{keeping}/removal", name=f"ask_{kind}_removal")
    async def ask_removal(
        keeping: str,
        caller: CallerHere,
        services: ServicesHere,
        body: RemovalWish,
        response: Response,
        if_match: IfMatch = None,
    ) -> KeepingItem:
        """The first of two people. Nothing is free yet."""
        before = await _enter(kind, keeping, caller, services)
        require_match(if_match, before.version)
        asked = await services.kept.ask_removal(before, reason=body.reason, principal=caller.ledger_name)
        return answer(asked, services, response)

    @router.post("/{keeping}/removal/agree", name=f"agree_{kind}_removal")
    async def agree_removal(
        keeping: str, caller: CallerHere, services: ServicesHere, response: Response, if_match: IfMatch = None
    ) -> KeepingItem:
        """The second, who is somebody else. The footage is free seven days later."""
        before = await _enter(kind, keeping, caller, services)
        require_match(if_match, before.version)
        agreed = await services.kept.agree_removal(before, principal=caller.ledger_name)
        return answer(agreed, services, response)

    @router.delete("/{keeping}/removal", name=f"withdraw_{kind}_removal")
    async def withdraw_removal(
        keeping: str, caller: CallerHere, services: ServicesHere, response: Response, if_match: IfMatch = None
    ) -> KeepingItem:
        """Keep it after all, as long as its footage is not free."""
        before = await _enter(kind, keeping, caller, services)
        require_match(if_match, before.version)
        withdrawn = await services.kept.withdraw_removal(before, principal=caller.ledger_name)
        return answer(withdrawn, services, response)

    return router


def _interval(body: NewKeeping, services: Services) -> tuple[int, int]:
    """`last_s` counts back from what was recorded last: a stream that goes on while the clock is set ahead is placed
    behind that clock until it ends.

    Raises:
        Problem: neither or both ways of saying it.
    """
    if body.last_s is not None and body.from_ is None and body.to is None:
        now_ns, reached_ns = services.kept.now_utc_ns(), services.index.reached(body.device, body.channel)
        end_ns = now_ns if reached_ns is None else min(reached_ns, now_ns)
        return end_ns - body.last_s * _NS_PER_S, end_ns
    if body.last_s is None and body.from_ is not None and body.to is not None:
        return ns_from(body.from_), ns_from(body.to)
    raise Problem(INVALID, "An interval is missing.", field="from", fix="Give from and to, or last_s alone.")


async def _tagged(thing: Object, case: Case | None, stretch: Stretch, services: Services) -> Object:
    """A case opens its clips: who reviews tags to it what it opens anyway, else anything could be opened so."""
    return replace(thing, opened=True) if case is None else await CaseAtHand(services, case).over(thing, [stretch])


async def _require_case(case_id: str, caller: Caller, services: Services) -> Case | None:
    """None: there is none to be tagged to.

    Raises:
        Problem: there is no such case for this person, or nothing of it changes any more.
    """
    if not case_id:
        return None
    case = await services.cases.find(case_id)
    if not caller.sees(Action.CASE_READ, case_object(services.registry, case_id, case)):
        raise Problem(INVALID, "There is no such case.", field="case", fix="Give the id of one of the list of cases.")
    if case is not None and case.status is CaseState.CLOSED:
        raise Problem(CONFLICT, "The case is closed.", field="case", fix="Open it again first.")
    return case


async def _enter(kind: KeepingKind, keeping_id: str, caller: Caller, services: Services) -> Keeping:
    keeping = await services.kept.find(kind, keeping_id)
    await caller.enter(replace(kept_object(services.registry, keeping_id, keeping), opened=True))
    assert keeping is not None  # the guard lets nobody in to what does not exist
    return keeping


def _item(keeping: Keeping, services: Services) -> KeepingItem:
    passage, removal = keeping.passage, keeping.removal
    return KeepingItem(
        id=keeping.id,
        device=passage.device,
        channel=passage.channel,
        unit=passage.unit,
        start=iso_from_ns(passage.start_utc_ns),
        end=iso_from_ns(passage.end_utc_ns),
        references=[
            ReferenceItem(stream=one.stream, first_sequence=one.first_sequence, last_sequence=one.last_sequence)
            for one in passage.references
        ],
        case=keeping.case,
        stage=keeping.stage,
        note=keeping.note,
        created_by=keeping.created_by,
        created_at=iso_from_ns(keeping.created_utc_ns),
        removal=None
        if removal is None
        else RemovalItem(
            asked_by=removal.asked_by,
            asked_at=iso_from_ns(removal.asked_utc_ns),
            reason=removal.reason,
            agreed_by=removal.agreed_by or None,
            free_at=iso_or_none(removal.free_utc_ns or None),
        ),
        standing=keeping.stands(services.kept.now_utc_ns()),
        version=keeping.version,
    )
