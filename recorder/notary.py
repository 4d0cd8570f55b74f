"""Once a minute, and at the stop: what the archive and the ledger are becomes leaves, and a head is signed over them.

Leaves of a round: entries of the ledger since the last one; segments that ended since, with their last record; and
of each segment that is being written how far it is durable. All of them are facts of the disk (storage.heads.leaf).

Recording waits for none of this. A round that fails is told, tried again sooner, and loses nothing: entries are read
again, ended segments wait here, or are found again in the index, some hundred a round. After a kill the next start
signs what was a leaf, and finds what was none: by ids, not by the clock, which may have been set.

Not here: files, keys and proofs (storage.heads); what a person is told of it (mingjing).
"""

import asyncio
import threading
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import structlog
from sqlalchemy.exc import SQLAlchemyError

from gateway.stream import AlarmKind
from recorder.index import Index
from storage import (
    Clock,
    LoneThread,
    Position,
    SealedSegment,
    SegmentHeader,
    SegmentStore,
    SegmentUnreadableError,
    iso_from_ns,
    read_sealed,
)
from storage.heads import (
    CopyDiffersError,
    EntryLeaf,
    Head,
    HeadKeyMissing,
    Heads,
    HeadsReport,
    HeadsStatistics,
    HeadsWalk,
    NoSuchHead,
    Proven,
    SecondCopy,
    StreamLeaf,
    copy_difference,
    read_head,
    signed_since,
)
from storage.ledger import JsonValue, Ledger, LedgerTail, entry_digests

ROUND_S = 60.0
RETRY_S = 10.0
LAST_ROUND_S = 2.0  # of the ten seconds a stop may take (F06)
ENDED_MAX = 20_000  # 200 channels for 8 h: 8 MB. Beyond that they are found again in the index
ENTRIES_AT_ONCE = 5_000  # leaves of one write; an old ledger becomes leaves in as many as it takes
TELL_AGAIN_NS = 240_000_000_000  # walls forget an alarm after five minutes
COPY_ANSWERS_WITHIN_S = (
    30.0  # to a proof, which looks at the copy last: a place that hangs must not hold it up for ever
)
COPY_BEHIND_MAX = 3  # heads, before a copy that hangs is told of
REST_S = 0.002  # between steps of a proof: the event loop wants the interpreter too
CATCH_UP_MAX = 500  # segments found again a round: as many journals are read, some 0.1 s of a thread
CATCH_UP_S = 1.0  # between rounds while there are more: what waited for a day is signed within minutes

Live = Callable[[], list[tuple[SegmentHeader, Position]]]
Tell = Callable[[AlarmKind, str], None]

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class NotaryStatistics:
    """A snapshot for the system page."""

    heads: HeadsStatistics
    failures: int  # rounds, since start
    last_failure: str | None  # None after a round that went well
    second_copy: Path | None
    copied_heads: int  # heads up to this one are in the second place
    copy_failure: str | None


@dataclass(frozen=True, slots=True)
class _Unsigned:
    """Ids of segments that ended and may be no leaves: behind `after`, up to `last`."""

    after: str
    last: str

    def and_also(self, segment: str) -> "_Unsigned":
        return _Unsigned(min(self.after, _just_before(segment)), max(self.last, segment))


class Notary:
    """Made by `open`; `sealed` is for any thread, the rest for the loop."""

    def __init__(
        self, heads: Heads, store: SegmentStore, index: Index, ledger: Ledger, ledger_dir: Path, clock: Clock,
        copy: SecondCopy | None,
    ) -> None:  # fmt: skip
        self.heads = heads
        self._store = store
        self._index = index
        self._ledger = ledger
        self._ledger_dir = ledger_dir
        self._clock = clock
        self._copy = copy
        self._tail = LedgerTail(ledger_dir)
        self._ended: deque[SealedSegment] = deque()
        self._unsigned: _Unsigned | None = None
        self._unsigned_lock = threading.Lock()
        self._looked_back = False
        self._index_answers = True
        self._recent = heads.last_round  # of streams: by their ids what ended since is found
        self._live: Live = list
        self._turn = asyncio.Lock()
        self._signed = asyncio.Event()
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="notary")
        self._copy_thread = LoneThread("notary-copy")  # the place may hang, and the process has to end (F06)
        self._told: dict[AlarmKind, int] = {}
        self._failures = 0
        self._signed_since = ""
        self._last_failure: str | None = None
        self._copied_heads = 0
        self._heads_at_start = heads.heads  # the first copy may have all of these to compare
        self._copy_failure: str | None = None

    @classmethod
    @asynccontextmanager
    async def open(
        cls, *, heads: Heads, store: SegmentStore, index: Index, ledger: Ledger, ledger_dir: Path, clock: Clock,
        copy: SecondCopy | None = None,
    ) -> AsyncIterator["Notary"]:  # fmt: skip
        """What a crash left torn in the files of heads becomes entries of the ledger: nothing is repaired silently."""
        for cut in heads.repairs:
            detail: dict[str, JsonValue] = {
                "file": cut.file,
                "offset": cut.offset,
                "bytes": cut.size_bytes,
                "kept_in": cut.kept_in,
            }
            log.warning("heads_repaired", **detail)
            await ledger.append(principal="system", action="heads.repair", detail=detail)
        notary = cls(heads, store, index, ledger, ledger_dir, clock, copy)
        try:
            yield notary
        finally:
            notary._thread.shutdown(wait=False)
            notary._copy_thread.close()

    def sealed(self, segment: SealedSegment) -> None:
        """A segment is durable to its end."""
        if len(self._ended) < ENDED_MAX:
            self._ended.append(segment)
            return
        lost = segment.header.segment
        with self._unsigned_lock:
            known = self._unsigned or _Unsigned(_just_before(lost), lost)
            self._unsigned = known.and_also(lost)

    def follow(self, live: Live) -> None:
        """Whom to ask for what is being written; from the notary's thread."""
        self._live = live

    async def run(self, tell: Tell) -> None:
        """Rounds for as long as the server runs."""
        async with asyncio.TaskGroup() as group:
            if self._copy is not None:
                group.create_task(self._copy_for_ever(tell), name="notary: second copy")
            while True:
                went_well = await self.try_round(tell)
                await asyncio.sleep(self._until_next_s(went_well=went_well))

    async def finish(self, tell: Tell) -> None:
        """The last round, when everything is sealed; what it cannot do in time the next start does."""
        self._live = list
        try:
            async with asyncio.timeout(LAST_ROUND_S):
                await self.try_round(tell)
                if self._copy is not None:
                    await self.copy_once()
        except (TimeoutError, OSError, CopyDiffersError) as error:
            log.warning("the last head is left for the next start", error=str(error))

    async def try_round(self, tell: Tell) -> bool:
        """A round; whether it went well. One that did not is told."""
        try:
            await self.round()
        except (OSError, HeadKeyMissing) as error:
            self._failures += 1
            self._last_failure = _words(error)
            self._tell(tell, AlarmKind.HEADS_UNSIGNED, f"heads are not signed: {self._last_failure}")
            return False
        self._last_failure = None
        behind = self.heads.heads - max(self._copied_heads, self._heads_at_start)
        if self._copy is not None and behind > COPY_BEHIND_MAX:
            self._tell(tell, AlarmKind.HEADS_COPY, f"the second copy of the signed heads is {behind} heads behind")
        return True

    async def round(self) -> Head | None:
        """Add leaves and sign; None when nothing is new.

        Raises:
            OSError, HeadKeyMissing: the leaves that were added stay, and the next head is over them.
        """
        async with self._turn:
            await self._catch_up()
            head = await asyncio.get_running_loop().run_in_executor(self._thread, self._round)
        self._signed.set()
        return head

    async def rotate_key(self, principal: str, *, lost: bool = False) -> Head:
        """Go over to a new key; in the ledger before it is done.

        Raises:
            HeadKeyMissing, ValueError, OSError: as `Heads.rotate`.
            LedgerUnavailable: nothing was done.
        """
        async with self._turn:
            self.heads.require_rotatable(lost=lost)
            before = self.heads.statistics().key
            await self._ledger.append(
                principal=principal, action="heads.rotate_key", detail={"from": before, "lost": lost}
            )
            head = await asyncio.get_running_loop().run_in_executor(self._thread, lambda: self.heads.rotate(lost=lost))
        self._signed.set()
        return head

    @property
    def proven(self) -> Proven | None:
        """Up to where everything was proven once."""
        return self.heads.proven()

    async def verify(self, *, full: bool = True, rest_s: float = REST_S) -> HeadsReport:
        """Prove all heads so far, and that journals and ledger agree with them; without `full` only what is behind the
        last that was proven. What is found true is written down for the next.

        Raises:
            OSError: the ledger cannot be read.
        """
        heads = self.heads.heads  # asked first: what these speak for is in the ledger by now
        since = None if full else self.proven
        entries = await asyncio.to_thread(self._entries_behind, since)
        walk = HeadsWalk(self.heads.folder, self._store.media, entries, heads=heads, since=since)
        steps = iter(walk)
        while True:
            if await asyncio.to_thread(next, steps, _END) is _END:
                break
            await asyncio.sleep(rest_s)
        if walk.report.intact and heads:
            await self._write_proven(walk.report, since)
        if walk.report.intact and self._copy is not None:
            await self._compare_copy(self._copy.folder, walk.report)
        return walk.report

    def _entries_behind(self, since: Proven | None) -> Iterator[tuple[int, bytes]]:
        """Of the ledger, from the file on in which the head that was proven ends."""
        first = 1
        if since is not None:
            try:
                first = read_head(self.heads.folder, str(since.head)).ledger + 1
            except NoSuchHead:
                first = 1  # the walk will not begin there either
        return entry_digests(self._ledger_dir, self._ledger.statistics().entries, first)

    async def _write_proven(self, report: HeadsReport, since: Proven | None) -> None:
        at = iso_from_ns(self._clock.utc_ns())
        full_at = since.full_at if since is not None and report.from_head else at
        try:
            await asyncio.to_thread(self.heads.write_proven, report.heads, at, full_at, report.gone)
        except OSError as error:
            log.warning("what was proven is not written down", error=_words(error))

    async def _compare_copy(self, copy: Path, report: HeadsReport) -> None:
        """In the thread of the copy: one of the executor would be waited for at the end."""
        try:
            async with asyncio.timeout(COPY_ANSWERS_WITHIN_S):
                found = await self._copy_thread.run(partial(copy_difference, self.heads.signed_folder, copy))
        except TimeoutError:
            report.copy_unread = f"{copy} does not answer"
        except OSError as error:
            report.copy_unread = _words(error)
        else:
            report.first_broken = found

    async def copy_to(self, folder: Path, key_folder: Path) -> None:
        """Copy heads, leaves and the key for a backup. No round runs meanwhile."""
        async with self._turn:
            await asyncio.to_thread(self.heads.copy_to, folder, key_folder)

    async def copy_once(self) -> None:
        """Raises OSError, CopyDiffersError."""
        assert self._copy is not None
        heads, durable = self.heads.heads, self.heads.durable_heads
        await self._copy_thread.run(partial(self._copy.catch_up, *durable))
        self._copied_heads, self._copy_failure = heads, None

    async def signed_since(self) -> str:
        """What segments are older than leaves of their own (storage.heads.signed_since)."""
        if not self._signed_since:
            self._signed_since = await asyncio.to_thread(signed_since, self.heads.folder)
        return self._signed_since

    def statistics(self) -> NotaryStatistics:
        return NotaryStatistics(
            heads=self.heads.statistics(),
            failures=self._failures,
            last_failure=self._last_failure,
            second_copy=None if self._copy is None else self._copy.folder,
            copied_heads=self._copied_heads,
            copy_failure=self._copy_failure,
        )

    def _round(self) -> Head | None:
        last_n = self._ledger.statistics().entries
        while entries := self._tail.read(self.heads.ledger, last_n, ENTRIES_AT_ONCE):
            self.heads.add([EntryLeaf(entry.n, entry.digest) for entry in entries])
        ended = list(self._ended)
        sealed = [StreamLeaf.of_sealed(segment) for segment in ended]
        self.heads.add(sealed)
        for _ in ended:
            self._ended.popleft()
        live = [StreamLeaf.of_durable(header, durable) for header, durable in self._live() if not durable.empty]
        self.heads.add(live)
        self._recent = (*sealed, *live) or self._recent
        return self.heads.sign()

    def _until_next_s(self, *, went_well: bool) -> float:
        if went_well and self._unsigned is not None and self._index_answers:
            return CATCH_UP_S
        # Each try adds leaves of what is being written: without a key, which a person must see to, no sooner.
        return ROUND_S if went_well or self.heads.statistics().key is None else RETRY_S

    async def _catch_up(self) -> None:
        """Find segments that ended unsigned, before a kill or when more waited than have room here: so many a round."""
        if not self._looked_back:
            self._look_back()
        unsigned, room = self._unsigned, min(CATCH_UP_MAX, ENDED_MAX - len(self._ended))
        if unsigned is None or room <= 0:
            return
        try:
            page = await self._index.oldest(room, unsigned.after)
        except SQLAlchemyError as error:
            log.warning("segments that ended unsigned wait for the database", error=str(error))
            self._index_answers = False
            return
        self._index_answers = True
        known = {leaf.segment for leaf in self._recent if leaf.ended} | {
            one.header.segment for one in list(self._ended)
        }
        paths = [row.path for row in page if row.id <= unsigned.last and row.id not in known]
        found = await asyncio.to_thread(lambda: [one for path in paths if (one := self._read(path)) is not None])
        self._ended.extendleft(reversed(found))
        through = len(page) < room or page[-1].id >= unsigned.last
        with self._unsigned_lock:
            if (
                self._unsigned == unsigned
            ):  # else more were lost meanwhile: these are found once more, which harms nobody
                self._unsigned = None if through else replace(unsigned, after=page[-1].id)

    def _look_back(self) -> None:
        """Those that were being written at the last round before this start, or were made after it, have ids from the
        oldest of them on. Where no round had a stream yet, all are: a kill within the first minute. Before the first
        head nothing is to be found: a stream names the head of the one before.
        """
        self._looked_back = True
        waiting = [one.header.segment for one in list(self._ended)]
        open_then = [*(leaf.segment for leaf in self._recent if not leaf.ended), *waiting]
        first = min(open_then, default=max((leaf.segment for leaf in self._recent), default=""))
        if first or self._heads_at_start:
            with self._unsigned_lock:
                self._unsigned = _Unsigned(_just_before(first), _BEYOND_ALL)

    def _read(self, path: str) -> SealedSegment | None:
        try:
            return read_sealed(self._store.media / path)
        except (SegmentUnreadableError, OSError):
            return None  # `store check` names it

    async def _copy_for_ever(self, tell: Tell) -> None:
        while True:
            await self._signed.wait()
            self._signed.clear()
            try:
                await self.copy_once()
            except (OSError, CopyDiffersError) as error:
                self._copy_failure = _words(error)
                words = f"the signed heads are not copied to the second place: {self._copy_failure}"
                self._tell(tell, AlarmKind.HEADS_COPY, words)
                await asyncio.sleep(RETRY_S)
                self._signed.set()

    def _tell(self, tell: Tell, kind: AlarmKind, words: str) -> None:
        """Once, and again every so often while it lasts."""
        mono_ns = self._clock.mono_ns()
        if kind not in self._told or mono_ns - self._told[kind] >= TELL_AGAIN_NS:
            self._told[kind] = mono_ns
            log.warning(words)
            tell(kind, words)


_END = object()
_BEYOND_ALL = "~"


def _just_before(segment: str) -> str:
    """What sorts before this id, and behind all that are older."""
    return segment[:-1]


def _words(error: Exception) -> str:
    if isinstance(error, OSError) and error.strerror:
        return f"{error.strerror} ({error.filename})" if error.filename else error.strerror
    return str(error)
