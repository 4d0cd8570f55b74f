"""Exports as jobs: ordered, agreed to, made one at a time, kept for a week, cancelled, expired.

What an export names is pinned before it is written and as long as it waits. Progress is in memory: a start begins the
one that ran anew, and removes what was begun of it.

Not here: rows and entries (book), how a bundle is made (`Make`, making), which bytes a download gets (viewer), who may
(viewer.access).
"""

import asyncio
from collections.abc import Sequence
from typing import Protocol

import structlog
from sqlalchemy.exc import SQLAlchemyError

from gateway.registry import Conflict, Invalid
from recorder.export.book import Book
from recorder.export.bundle import WrittenBundle
from recorder.export.export import Export, ExportItem, ExportState, MassReason, next_version
from recorder.export.limits import ITEMS_MAX, PIECES_MAX, REASON_MAX, mass_reasons
from recorder.export.order import Estimate, Order, estimated_bytes
from recorder.export.rows import ExportFilter, ExportPage
from recorder.export.running import Cancelled, ExportFailed, Running, words_of
from recorder.export.shelf import Shelf
from recorder.kept import LENGTH_MAX_NS, Passage, Pins
from recorder.kept import Find as FindReferences
from recorder.passages import Recordings
from storage import Clock, SegmentUnreadableError, UlidFactory
from storage.database import Database
from storage.ledger import Ledger, LedgerUnavailable

RETRY_S = 10.0  # after ledger or database refused
SWEEP_S = 60.0

log = structlog.get_logger()


class Make(Protocol):
    async def __call__(self, export: Export, running: Running) -> WrittenBundle:
        """Write the bundle to `running.path`, whole or not at all.

        Raises:
            ExportFailed, SegmentUnreadableError, OSError: it cannot be made.
            Cancelled: it is not wanted any more.
        """


class Exports:
    """`run` is one task of the server. `principal` is who the ledger says did it."""

    def __init__(
        self,
        *,
        database: Database,
        ledger: Ledger,
        clock: Clock,
        new_id: UlidFactory,
        pins: Pins,
        shelf: Shelf,
        recordings: Recordings,
        find: FindReferences,
        make: Make,
        rest_ns: int,
    ) -> None:
        """`rest_ns`: how long a finished bundle stays."""
        self.shelf = shelf
        self._book = Book(database, ledger)
        self._clock = clock
        self._new_id = new_id
        self._pins = pins
        self._recordings = recordings
        self._find = find
        self._make = make
        self._rest_ns = rest_ns
        self._wake = asyncio.Event()
        self._running: Running | None = None

    def now_utc_ns(self) -> int:
        return self._clock.utc_ns()

    def running(self, export_id: str) -> Running | None:
        """How far it is, while it is made."""
        return self._running if self._running is not None and self._running.export == export_id else None

    def state_of(self, export: Export) -> ExportState:
        making = self.running(export.id) is not None and export.state is ExportState.WAITING
        return ExportState.RUNNING if making else export.state

    async def run(self, known: Sequence[Export] = ()) -> None:
        """Make what waits, one after the other, and let go what has expired. `known`: what `replay_exports` gave."""
        await asyncio.to_thread(self._tidy, {one.id for one in known if one.state is ExportState.READY})
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._work(), name="exports: work")
            tasks.create_task(self._sweep_for_ever(), name="exports: sweep")

    async def estimate(self, order: Order, principal: str) -> Estimate:
        """Raises Invalid, Conflict: as `create`."""
        async with self._pins.deciding:
            items = await self._items(order)
        return await self._estimate(items, order, principal)

    async def create(self, order: Order, principal: str) -> tuple[Export, bool]:
        """The export, and whether it is new: one that was ordered under the same key before is that one.

        Raises:
            Invalid: nothing in it, too much, or no reason.
            Conflict: the key was used for something else; a clip's footage is free; there is no room on the disk.
            SegmentUnreadableError, OSError: a journal cannot be read.
        """
        reason = order.reason.strip()
        if not 0 < len(reason) <= REASON_MAX:
            raise Invalid("It needs a reason.", field="reason", fix=f"Say why, in at most {REASON_MAX} characters.")
        export_id = self._new_id()
        async with self._book.turn:
            if order.key and (before := await self._book.of_key(principal, order.key)) is not None:
                if before.order != order.digest:
                    fix = "Give another key, or order the same."
                    raise Conflict("Something else was ordered under this key.", field="Idempotency-Key", fix=fix)
                return before, False
            async with self._pins.deciding:
                items = await self._items(order)
                estimate = await self._estimate(items, order, principal)
                _require_room(estimate)
                export = Export(
                    id=export_id,
                    items=tuple(items),
                    case=order.case,
                    case_no=order.case_no,
                    reason=reason,
                    copies=order.copies,
                    created_by=principal,
                    created_utc_ns=self.now_utc_ns(),
                    estimate_bytes=estimate.size_bytes,
                    mass=estimate.mass,
                    key=order.key,
                    order=order.digest,
                    version=1,
                )
                self._pins.hold(export.id, export.references)
            try:
                await self._book.write(export, "create", principal, None)
            except BaseException:
                self._pins.drop(export.id, export.references)
                raise
        self._wake.set()
        return export, True

    async def agree(self, before: Export, principal: str) -> Export:
        """The second person. Raises NotFound, Conflict."""
        if not before.waits_for_agreement:
            raise Conflict("There is nothing to agree to.", fix="Load it again.")
        if before.created_by == principal:
            raise Conflict("Who asked for it cannot agree to it.", fix="Somebody else has to look at it.")
        after = next_version(before, agreed_by=principal, agreed_utc_ns=self.now_utc_ns())
        await self._change(before, after, "agree", principal)
        self._wake.set()
        return after

    async def cancel(self, before: Export, principal: str) -> Export:
        """One that waits or is being made, or a bundle before its time. Raises NotFound, Conflict."""
        if before.state not in (ExportState.WAITING, ExportState.READY):
            raise Conflict("It is over already.", fix="Load it again.")
        after = next_version(before, state=ExportState.CANCELLED, ended_by=principal)
        await self._change(before, after, "cancel", principal)
        if (running := self.running(before.id)) is not None:
            running.cancel()
        else:
            await asyncio.to_thread(self.shelf.remove, before.id)
        return after

    async def find(self, export_id: str) -> Export | None:
        return await self._book.find(export_id)

    async def page(
        self, wanted: ExportFilter, *, oldest_first: bool = False, cursor: str | None = None, limit: int = 50
    ) -> ExportPage:
        """Raises NotACursor."""
        running = "" if self._running is None else self._running.export
        return await self._book.page(wanted, running, oldest_first=oldest_first, cursor=cursor, limit=limit)

    async def sweep(self) -> None:
        """Let go bundles whose time is over, and wishes that nobody agreed to."""
        for before in await self._book.over(self.now_utc_ns()):
            await self._change(before, next_version(before, state=ExportState.EXPIRED), "expire", "system")
            await asyncio.to_thread(self.shelf.remove, before.id)

    async def _work(self) -> None:
        while True:
            try:
                self._wake.clear()
                export = await self._book.next_waiting()
                if export is not None:
                    await self._make_one(export)
            except (LedgerUnavailable, SQLAlchemyError) as error:
                log.warning("exports wait", error=str(error))
                await asyncio.sleep(RETRY_S)
                continue
            if export is None:
                await self._wake.wait()

    async def _make_one(self, export: Export) -> None:
        running = self._running = Running(export.id, self.shelf.path_of(export.id), self._clock.utc_ns())
        try:
            made = await self._try(export, running)
            async with self._book.turn:
                if not await self._still(export):
                    made = ExportFailed("", "")  # cancelled: nobody is told
                elif isinstance(made, WrittenBundle):
                    await self._book.write(self._ready(export, made), "ready", "system", export)
                else:
                    failed = {"failure": str(made), "fix": made.fix}
                    after = next_version(export, state=ExportState.FAILED, **failed)
                    await self._book.write(after, "fail", "system", export)
                self._pins.drop(export.id, export.references)
            if not isinstance(made, WrittenBundle):
                await asyncio.to_thread(self.shelf.remove, export.id)
        finally:
            running.cancel()  # also when the server stops: whoever writes in a thread hears of it
            self._running = None

    async def _try(self, export: Export, running: Running) -> WrittenBundle | ExportFailed:
        try:
            return await self._make(export, running)
        except ExportFailed as error:
            return error
        except Cancelled:
            return ExportFailed("It was cancelled.", "Order it again.")
        except (SegmentUnreadableError, OSError) as error:
            log.warning("an export failed", export=export.id, error=str(error))
            return words_of(error)
        except (LedgerUnavailable, SQLAlchemyError):
            raise  # it is tried again
        except Exception:
            # One package must not stop the server that records: whatever is wrong with it is in the log.
            log.exception("a mistake of ours in an export", export=export.id)
            return ExportFailed("The server made a mistake with it.", "Tell the system admin: it is in the log.")

    def _ready(self, export: Export, bundle: WrittenBundle) -> Export:
        now_ns = self.now_utc_ns()
        return next_version(
            export,
            state=ExportState.READY,
            ready_utc_ns=now_ns,
            free_utc_ns=now_ns + self._rest_ns,
            sha256=bundle.sha256,
            size_bytes=bundle.size_bytes,
        )

    async def _still(self, export: Export) -> bool:
        """Whether it was not cancelled meanwhile."""
        present = await self._book.find(export.id)
        return present is not None and present.version == export.version

    async def _items(self, order: Order) -> list[ExportItem]:
        """In the turn `Pins.deciding`. Raises Invalid, Conflict, SegmentUnreadableError, OSError."""
        now_ns = self.now_utc_ns()
        count = len(order.clips) + len(order.intervals)
        if not 0 < count <= ITEMS_MAX:
            words = "There is nothing to hand out." if not count else f"{count} passages are too many."
            raise Invalid(words, field="clips", fix=f"Name 1 to {ITEMS_MAX} of them.")
        items = []
        for clip in order.clips:
            if not clip.stands(now_ns):
                raise Conflict(
                    "Its footage is free and may be gone.", field="clips", fix="Keep what is left of it anew."
                )
            items.append(ExportItem(clip.passage, clip.id, clip.stage))
        for one in order.intervals:
            if not 0 < one.end_utc_ns - one.start_utc_ns <= LENGTH_MAX_NS or one.end_utc_ns > now_ns:
                fix = "From before to, and at most 24 hours."
                raise Invalid("This interval cannot be.", field="intervals", fix=fix)
            references = await self._find(one.device, one.channel, one.start_utc_ns, one.end_utc_ns)
            if not references:
                fix = "Look at the timeline."
                raise Invalid("There is no footage in this interval.", field="intervals", fix=fix)
            passage = Passage(one.device, one.channel, one.unit, one.start_utc_ns, one.end_utc_ns, references)
            items.append(ExportItem(passage))
        pieces = sum(len(one.passage.references) for one in items)
        if pieces > PIECES_MAX:
            raise Invalid(f"The footage is in {pieces} pieces.", field="clips", fix="Hand it out in several packages.")
        return items

    async def _estimate(self, items: Sequence[ExportItem], order: Order, principal: str) -> Estimate:
        size = await estimated_bytes(items, self._recordings, copies=order.copies)
        length_ns = sum(one.passage.end_utc_ns - one.passage.start_utc_ns for one in items)
        mass: tuple[MassReason, ...] = mass_reasons(
            items, size, await self._book.ordered_bytes(principal, self.now_utc_ns())
        )
        room = await asyncio.to_thread(self.shelf.room_bytes)
        return Estimate(size, length_ns // 1_000_000_000, mass, room)

    async def _change(self, before: Export, after: Export, act: str, principal: str) -> None:
        async with self._book.turn:
            await self._book.require_newest(before)
            await self._book.write(after, act, principal, before)
            if not after.state.pins:
                self._pins.drop(after.id, after.references)

    async def _sweep_for_ever(self) -> None:
        while True:
            try:
                await self.sweep()
            except (LedgerUnavailable, SQLAlchemyError, OSError, Conflict) as error:
                log.warning("expired exports wait", error=str(error))
            await asyncio.sleep(SWEEP_S)

    def _tidy(self, keep: set[str]) -> None:
        self.shelf.open()
        if removed := self.shelf.sweep(keep):
            log.info("unfinished and expired bundles removed", files=removed)


def pin_exports(pins: Pins, known: Sequence[Export]) -> None:
    """Before the ring runs: what waits keeps its footage."""
    for one in known:
        if one.state.pins:
            pins.hold(one.id, one.references)


def _require_room(estimate: Estimate) -> None:
    if estimate.size_bytes > estimate.room_bytes:
        needed, there = (_megabytes(size) for size in (estimate.size_bytes, estimate.room_bytes))
        words = f"The disk has no room for it: {needed} MB are needed, {there} MB are there."
        raise Conflict(words, fix="Cancel packages that nobody needs any more, or hand out less at once.")


def _megabytes(size_bytes: int) -> int:
    return -(-size_bytes // 1_000_000)
