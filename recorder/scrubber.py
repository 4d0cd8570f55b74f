"""Goes round all recordings for ever and hashes each of them again, so that a bit that fell over is known while there
is still another copy, and not in court.

A round begins every so many days and goes by ids, which is the order of making: what was proven longest ago is always
next. Before it, what clips and holds keep. It is written down how far a round is, so a restart goes on there.
It reads in a thread of its own that the end of the process does not wait for, no faster than it is told, and
eight times slower while the disk of the recordings is filling or late.

Never writes into footage, never deletes. A recording that is not whole is a row, an entry of the ledger and an alarm;
one whose file is not there is flagged as missing, as stocktaking does. A disk that is gone as a whole flags nothing.
Not here: reading one recording (scrub_look), rows (scrub_book), repair: there is nothing to repair it from.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import StrEnum

import structlog
from sqlalchemy.exc import SQLAlchemyError

from gateway.stream import AlarmKind
from recorder.desk import Tell
from recorder.index import Index
from recorder.kept import Pins
from recorder.scrub_book import BadSegment, ScrubBook, ScrubRound
from recorder.scrub_look import Damage, Finding, Pace, look_at
from recorder.stored import StoredSegment
from storage import DAY_NS, Clock, LoneThread, SegmentStore, has_own_media, iso_from_ns
from storage.ledger import Ledger, LedgerUnavailable

PAGE = 200  # rows fetched at once
PAGE_REST_S = 0.05  # after each: of ten million rows few are kept, and to pass over the others is work for the loop too
RETRY_S = 30.0  # after a database or a disk that refused
REST_MAX_S = 60.0  # between two looks whether a round is due
WRITE_DOWN_NS = 10_000_000_000  # so much of a round is done again after a kill
TELL_AGAIN_NS = 240_000_000_000  # walls forget an alarm after five minutes; a dying disk has thousands of findings
RATE_OVER_NS = 60_000_000_000
BAD_SHOWN_MAX = 500

log = structlog.get_logger()


class ScrubState(StrEnum):
    OFF = "off"
    RUNNING = "running"
    RESTING = "resting"  # the round is over, and the next one is not due
    WAITING = "waiting"  # for a database or a disk


@dataclass(frozen=True, slots=True)
class ScrubRules:
    """What an operator may set. `bytes_a_second` 0: off."""

    bytes_a_second: int = 32_000_000
    round_ns: int = 30 * DAY_NS


@dataclass(frozen=True, slots=True)
class ScrubStatistics:
    """A snapshot; times are UTC."""

    state: ScrubState
    slowed: bool
    limit_bytes_a_second: int
    bytes_a_second: float  # over the last minute
    round: ScrubRound | None
    round_bytes: int  # of all recordings there are now
    done_at_utc_ns: int | None  # of this round, as it goes now
    next_utc_ns: int | None  # when another is due
    last_finished_utc_ns: int | None
    bad_total: int
    waits_for: str = ""


class Scrubber:
    """Its calls are for the loop. `busy` says that recording needs the disk for itself."""

    def __init__(
        self, *, store: SegmentStore, index: Index, book: ScrubBook, ledger: Ledger, clock: Clock, pins: Pins,
        rules: ScrubRules, tell: Tell, busy: Callable[[], bool] = lambda: False,
    ) -> None:  # fmt: skip
        self._store = store
        self._index = index
        self._book = book
        self._ledger = ledger
        self._clock = clock
        self._pins = pins
        self._rules = rules
        self._tell = tell
        self._busy = busy
        self._pace = Pace(max(1, rules.bytes_a_second))
        self._thread = LoneThread("scrubber")
        self._state = ScrubState.WAITING if rules.bytes_a_second else ScrubState.OFF
        self._waits_for = ""
        self._round: ScrubRound | None = None
        self._queue: deque[StoredSegment] = deque()
        self._written_mono_ns = 0
        self._last_finished: int | None = None
        self._told_mono_ns: int | None = None
        self.findings = 0  # that nobody knew of, since the start
        self._samples: deque[tuple[int, int]] = deque()  # monotonic time, bytes read

    async def run(self) -> None:
        """For as long as the server runs."""
        try:
            while self._rules.bytes_a_second:
                try:
                    rest_s = await self.step()
                    self._waits_for = ""
                except (SQLAlchemyError, OSError) as error:
                    self._state, self._waits_for, rest_s = ScrubState.WAITING, str(error), RETRY_S
                    log.warning("the scrubber waits", error=str(error))
                await asyncio.sleep(rest_s)
        finally:
            self._pace.stop()
            self._thread.close()

    async def step(self) -> float:
        """Look at one more recording, or begin or end a round; how many seconds nothing is to be done.

        Raises:
            SQLAlchemyError, OSError: done again it goes on where it was.
        """
        now = self._round or await self._resume()
        if now.finished_utc_ns is not None:
            due_ns = self._due_utc_ns(now) - self._clock.utc_ns()
            if due_ns > 0:
                self._state = ScrubState.RESTING
                return min(due_ns / 1e9, REST_MAX_S)
            now = ScrubRound(now.number + 1, self._clock.utc_ns())
            await self._write_down(now)
        self._state = ScrubState.RUNNING
        if not self._queue:
            page = await self._index.oldest(PAGE, now.after)
            self._queue.extend(row for row in page if self._kept(row) is now.kept_first)
            if not page:
                await self._end_of_the_list(now)
            elif not self._queue:
                self._round = replace(now, after=page[-1].id)
            return PAGE_REST_S
        row = self._queue[0]
        await self._look_at(row)
        self._queue.popleft()
        self._round = now = replace(
            now, after=row.id, segments=now.segments + 1, read_bytes=now.read_bytes + row.size_bytes
        )
        if self._clock.mono_ns() - self._written_mono_ns >= WRITE_DOWN_NS:
            await self._write_down(now)
        return 0

    async def finish(self) -> None:
        """Write down how far it is, at an orderly stop."""
        if self._round is not None:
            try:
                await self._write_down(self._round)
            except SQLAlchemyError as error:
                log.warning("the scrubber's place is not written down", error=str(error))

    async def bad(self, limit: int = BAD_SHOWN_MAX) -> tuple[list[BadSegment], int]:
        """The newest findings, and how many there are in all."""
        return await self._book.bad(limit)

    async def statistics(self) -> ScrubStatistics:
        one, total = self._round or await self._book.newest(), await self._index.stored_bytes()
        rate = self._rate()
        running = one is not None and one.finished_utc_ns is None and rate > 0
        left = 0 if one is None else max(0, total - one.read_bytes)
        return ScrubStatistics(
            state=self._state,
            slowed=self._pace.slowed,
            limit_bytes_a_second=self._rules.bytes_a_second,
            bytes_a_second=rate,
            round=one,
            round_bytes=total,
            done_at_utc_ns=self._clock.utc_ns() + round(left / rate * 1e9) if running else None,
            next_utc_ns=None if one is None or one.finished_utc_ns is None else self._due_utc_ns(one),
            last_finished_utc_ns=self._last_finished or await self._book.last_finished_utc_ns(),
            bad_total=(await self._book.bad(0))[1],
            waits_for=self._waits_for,
        )

    @property
    def read_bytes(self) -> int:
        """Since the start."""
        return self._pace.read_bytes

    @property
    def round_now(self) -> ScrubRound | None:
        return self._round

    async def _resume(self) -> ScrubRound:
        self._last_finished = await self._book.last_finished_utc_ns()
        self._round = await self._book.newest()
        if self._round is None:
            await self._write_down(ScrubRound(1, self._clock.utc_ns()))
        assert self._round is not None
        return self._round

    async def _end_of_the_list(self, now: ScrubRound) -> None:
        if now.kept_first:
            await self._write_down(replace(now, kept_first=False, after=""))
            return
        await self._book.forget_deleted()
        self._last_finished = self._clock.utc_ns()
        await self._write_down(replace(now, finished_utc_ns=self._last_finished))
        bad = (await self._book.bad(0))[1]
        log.info("all recordings were hashed again", segments=now.segments, bytes=now.read_bytes, bad=bad)

    async def _write_down(self, one: ScrubRound) -> None:
        await self._book.put(one)
        self._round, self._written_mono_ns = one, self._clock.mono_ns()

    def _due_utc_ns(self, one: ScrubRound) -> int:
        begun = min(one.begun_utc_ns, self._clock.utc_ns())  # the clock may have been set back
        return begun + self._rules.round_ns

    def _kept(self, row: StoredSegment) -> bool:
        return self._pins.held(row.stream, row.first_sequence, row.last_sequence, self._clock.utc_ns())

    async def _look_at(self, row: StoredSegment) -> None:
        self._pace.slowed = self._busy()
        finding = await self._thread.run(lambda: look_at(self._store.media, row, self._pace))
        mono_ns = self._clock.mono_ns()
        self._samples.append((mono_ns, self._pace.read_bytes))
        while mono_ns - self._samples[0][0] > RATE_OVER_NS and len(self._samples) > 2:
            self._samples.popleft()
        if finding is not None:
            await self._found(row, finding)
        elif await self._book.whole(row.id) or row.missing:
            await self._index.flag_missing([row.id], None)
            log.info("a recording is whole again", path=row.path)

    async def _found(self, row: StoredSegment, finding: Finding) -> None:
        if not await self._thread.run(lambda: has_own_media(self._store)):
            raise OSError(f"{self._store.media} is not the folder of the recordings any more")
        if not await self._index.has(row.id):
            return  # the ring has deleted it meanwhile
        now_ns = self._clock.utc_ns()
        if finding.kind is Damage.MISSING and not row.missing:
            await self._index.flag_missing([row.id], now_ns)
        if not await self._book.found(row, finding, now_ns):
            return
        self.findings += 1
        since = iso_from_ns(finding.first_bad_utc_ns)
        log.error("a recording is not whole", path=row.path, kind=finding.kind.value, why=finding.words, since=since)
        try:
            await self._ledger.append(
                principal="system",
                action="footage.damage",
                subject=row.id,
                detail={"device": row.device, "channel": row.channel, "kind": finding.kind.value, "from": since,
                        "why": finding.words},
            )  # fmt: skip
        except LedgerUnavailable as error:
            log.error("the ledger does not have it that a recording is damaged", error=str(error))
        self._tell_of(row, finding, since)

    def _tell_of(self, row: StoredSegment, finding: Finding, since: str) -> None:
        mono_ns = self._clock.mono_ns()
        if self._told_mono_ns is not None and mono_ns - self._told_mono_ns < TELL_AGAIN_NS:
            return  # the list has all of them
        self._told_mono_ns = mono_ns
        kind = AlarmKind.FOOTAGE_MISSING if finding.kind is Damage.MISSING else AlarmKind.FOOTAGE_DAMAGED
        self._tell(kind, row.device, row.channel, f"recording {row.id} is not whole from {since} on: {finding.words}")

    def _rate(self) -> float:
        if self._state is not ScrubState.RUNNING or len(self._samples) < 2:
            return 0.0
        (first_ns, first), (last_ns, last) = self._samples[0], self._samples[-1]
        return (last - first) / max(1, last_ns - first_ns) * 1e9
