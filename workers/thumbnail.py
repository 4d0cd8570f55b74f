"""Thumbnails of key pictures, made by processes of their own, for who looks for a moment in recordings.

The newest request comes first, for the pointer is there now; a request whose asker has left is dropped. Processes are
started when somebody will ask soon, and end a while after the last request. What kills three of them is given to no
fourth: recordings do not change, so nothing of that is forgiven while the server runs.

Bounds: requests that wait, by count, bytes and age, the oldest of which makes room; one picture in each process, with
its processor time and memory (workers.inside.thumbnail). Not here: which picture, and where thumbnails lie (recorder).
"""

import asyncio
import socket
from asyncio.subprocess import Process
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from enum import StrEnum

from workers.process import end_of, spawned
from workers.strikes import POISONED_AT
from workers.thumbnail_wire import (
    HEAD_BYTES,
    KeyPicture,
    ThumbnailKind,
    ThumbnailWireError,
    head_of,
    make_message,
    read_made,
)

THUMBNAIL_PROGRAM = ("-m", "workers.inside.thumbnail")
START_WITHIN_S = 30.0  # half a second of a free core; many times that beside others
PICTURE_WITHIN_S = 20.0  # it has two seconds of processor time for each; the rest is for others on the machine
END_WITHIN_S = 2.0
IDLE_END_S = 300.0  # 60 MB are held for who looks again soon
START_AGAIN_S = 5.0  # after one that failed
FAILED_STARTS_MAX = 3  # in a row: then nobody waits for a start
WAITING_MAX = 64  # eight pages whose strips are full; older ones are asked again, by who still wants them
WAITING_BYTES_MAX = 64 << 20  # a key picture of 4K has a megabyte
WAITING_MAX_S = 30.0  # who points at something has pointed at something else by then
STRIKES_MAX = 1_000  # segments that are remembered; the oldest may kill three more
LAST_WORDS_BYTES = 2_000


class NotMade(StrEnum):
    """Why there is no thumbnail."""

    UNREADABLE = "unreadable"  # the decoder made nothing of the picture
    POISONED = "poisoned"  # three processes died of it
    CROWDED_OUT = "crowded_out"  # too many newer requests, or not in time
    NO_WORKERS = "no_workers"  # none is wanted, or none can be started


class NoThumbnail(Exception):
    def __init__(self, why: NotMade) -> None:
        super().__init__(why.value)
        self.why = why


@dataclass(frozen=True, slots=True)
class ThumbnailTrouble:
    """What somebody should learn. `key` is empty where no process can be started; `poisoned`: the third has died."""

    key: str
    poisoned: bool
    words: str


@dataclass(frozen=True, slots=True)
class ThumbnailStatistics:
    """Counters since the start; of the moment are `processes`, `waiting` and `poisoned`."""

    processes: int = 0
    waiting: int = 0
    poisoned: tuple[str, ...] = ()
    made: int = 0
    unreadable: int = 0
    crowded_out: int = 0
    deaths: int = 0


class _ProcessLost(Exception):
    """It is no more, or says what it may not; the message is its last words."""


@dataclass(slots=True, eq=False)
class _Asked:
    key: str
    picture: KeyPicture
    made: "asyncio.Future[bytes | NotMade]"

    def answer(self, made: bytes | NotMade) -> None:
        if not self.made.done():  # else who asked has left
            self.made.set_result(made)


class ThumbnailWorkers:
    """`run` is one task of the server; everything else is called from the loop."""

    def __init__(
        self,
        *,
        processes: int,
        tell: Callable[[ThumbnailTrouble], None],
        program: Sequence[str] = THUMBNAIL_PROGRAM,
        idle_end_s: float = IDLE_END_S,
    ) -> None:
        self._processes = processes
        self._tell = tell
        self._program = program
        self._idle_end_s = idle_end_s
        self._waiting: list[_Asked] = []  # the newest last
        self._bell = asyncio.Event()
        self._expected = False  # somebody will ask soon
        self._strikes: dict[str, int] = {}
        self._failed_in_a_row = 0
        self._pids: set[int] = set()
        self._made = self._unreadable = self._crowded_out = self._deaths = 0

    def statistics(self) -> ThumbnailStatistics:
        return ThumbnailStatistics(
            processes=len(self._pids),
            waiting=len(self._waiting),
            poisoned=tuple(sorted(key for key, count in self._strikes.items() if count >= POISONED_AT)),
            made=self._made,
            unreadable=self._unreadable,
            crowded_out=self._crowded_out,
            deaths=self._deaths,
        )

    def pids(self) -> frozenset[int]:
        """Of the processes that are ready."""
        return frozenset(self._pids)

    def expect(self) -> None:
        """Somebody will ask soon: the first process is started, if none is there."""
        self._expected = True
        self._bell.set()

    async def make(self, key: str, picture: KeyPicture) -> bytes:
        """A JPEG of this picture; cancelled, it is dropped. `key` names what is given up if three processes die of it.

        Raises:
            NoThumbnail: and why.
        """
        self.expect()  # also where none can be started: asking is wanting, and they are tried again
        if self._processes == 0 or self._failed_in_a_row >= FAILED_STARTS_MAX:
            raise NoThumbnail(NotMade.NO_WORKERS)
        if self._strikes.get(key, 0) >= POISONED_AT:
            raise NoThumbnail(NotMade.POISONED)
        asked = _Asked(key, picture, asyncio.get_running_loop().create_future())
        self._put(asked)
        try:
            async with asyncio.timeout(WAITING_MAX_S):
                made = await asked.made
        except TimeoutError:
            raise NoThumbnail(NotMade.CROWDED_OUT) from None
        finally:
            with suppress(ValueError):
                self._waiting.remove(asked)
        if isinstance(made, NotMade):
            raise NoThumbnail(made)
        return made

    async def run(self) -> None:
        """Until cancelled; no process outlives it."""
        async with asyncio.TaskGroup() as tasks:
            for place in range(self._processes):
                tasks.create_task(self._keep(place), name=f"thumbnail worker {place}")

    def _put(self, asked: _Asked) -> None:
        self._waiting.append(asked)
        self._bell.set()
        while len(self._waiting) > WAITING_MAX or (
            len(self._waiting) > 1 and sum(len(one.picture.sample) for one in self._waiting) > WAITING_BYTES_MAX
        ):
            self._crowded_out += 1
            self._waiting.pop(0).answer(NotMade.CROWDED_OUT)

    # one process after the other, while any is wanted

    async def _keep(self, place: int) -> None:
        first = place == 0  # it is there for who will ask; the others for what waits already
        while True:
            await self._until(lambda: bool(self._waiting) or (first and self._expected))
            try:
                async with _working(self._program) as process:
                    self._failed_in_a_row = 0
                    self._pids.add(process.pid)
                    try:
                        await self._serve(process)
                    finally:
                        self._pids.discard(process.pid)
            except _ProcessLost as error:
                await self._start_failed(str(error))

    async def _until(self, condition: Callable[[], bool]) -> None:
        while not condition():
            self._bell.clear()
            await self._bell.wait()

    async def _serve(self, process: "_Process") -> None:
        """Picture after picture, until it dies or nobody has asked for a while."""
        while (asked := await self._next()) is not None:
            try:
                made = await process.make(asked.picture)
            except _ProcessLost as error:
                self._blame(asked, str(error))
                return
            if made is None:
                self._unreadable += 1
            else:
                self._made += 1
            asked.answer(NotMade.UNREADABLE if made is None else made)
        self._expected = False

    async def _next(self) -> _Asked | None:
        """The newest; None: nobody has asked for a while."""
        try:
            async with asyncio.timeout(self._idle_end_s):
                await self._until(lambda: bool(self._waiting))
        except TimeoutError:
            return None
        return self._waiting.pop()

    def _blame(self, asked: _Asked, words: str) -> None:
        self._deaths += 1
        strikes = self._strikes[asked.key] = self._strikes.pop(asked.key, 0) + 1
        if len(self._strikes) > STRIKES_MAX:
            del self._strikes[next(iter(self._strikes))]
        poisoned = strikes >= POISONED_AT
        self._tell(ThumbnailTrouble(asked.key, poisoned, words))
        if not poisoned:
            if not asked.made.done():
                self._put(asked)
            return
        for one in [asked, *(one for one in self._waiting if one.key == asked.key)]:
            one.answer(NotMade.POISONED)
        self._waiting = [one for one in self._waiting if one.key != asked.key]

    async def _start_failed(self, words: str) -> None:
        self._failed_in_a_row += 1
        if self._failed_in_a_row >= FAILED_STARTS_MAX:
            if self._failed_in_a_row == FAILED_STARTS_MAX:
                self._tell(ThumbnailTrouble("", False, words))
            self._expected = False
            while self._waiting:
                self._waiting.pop().answer(NotMade.NO_WORKERS)
        await asyncio.sleep(START_AGAIN_S)


class _Process:
    """One that is ready."""

    def __init__(self, process: Process, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._process = process
        self._reader = reader
        self._writer = writer

    @property
    def pid(self) -> int:
        return self._process.pid

    async def make(self, picture: KeyPicture) -> bytes | None:
        """None: the decoder made nothing of it. Raises _ProcessLost."""
        with suppress(OSError):  # what it said of its end is waited for below
            self._writer.write(make_message(picture))
            await self._writer.drain()
        kind, body = await self.hear(PICTURE_WITHIN_S)
        try:
            if kind is ThumbnailKind.UNREADABLE:
                return None
            if kind is not ThumbnailKind.MADE:
                raise ThumbnailWireError(f"{kind.name} out of turn")
            return read_made(body)
        except ThumbnailWireError as error:
            raise _ProcessLost(str(error)) from None

    async def hear(self, within_s: float) -> tuple[ThumbnailKind, bytes]:
        try:
            async with asyncio.timeout(within_s):
                length, kind = head_of(await self._reader.readexactly(HEAD_BYTES))
                return kind, await self._reader.readexactly(length)
        except TimeoutError:
            raise _ProcessLost(f"no answer within {within_s:g} s") from None
        except (asyncio.IncompleteReadError, OSError):
            raise _ProcessLost(await self._last_words() or "it ended without a word") from None
        except ThumbnailWireError as error:
            raise _ProcessLost(str(error)) from None

    async def end(self) -> None:
        self._writer.close()
        with suppress(ProcessLookupError):
            self._process.kill()  # it writes nothing that has to be finished
        await self._last_words()

    async def _last_words(self) -> str:
        assert self._process.stderr is not None
        said = b""
        with suppress(TimeoutError):
            async with asyncio.timeout(END_WITHIN_S):
                while words := await self._process.stderr.read(LAST_WORDS_BYTES):
                    said = (said + words)[-LAST_WORDS_BYTES:]
                await self._process.wait()
        return end_of(self._process, said)


@asynccontextmanager
async def _working(program: Sequence[str]) -> AsyncIterator[_Process]:
    """A process that is ready; it is ended when the block is left. Raises _ProcessLost: none came of it."""
    ours, theirs = socket.socketpair()
    ours.setblocking(False)
    try:
        process = await spawned(program, theirs)
    except OSError as error:
        ours.close()
        raise _ProcessLost(str(error)) from None
    except BaseException:
        ours.close()
        raise
    finally:
        theirs.close()
    reader, writer = await asyncio.open_unix_connection(sock=ours)
    working = _Process(process, reader, writer)
    try:
        kind, _ = await working.hear(START_WITHIN_S)
        if kind is not ThumbnailKind.READY:
            raise _ProcessLost(f"{kind.name} out of turn")
        yield working
    finally:
        await working.end()
