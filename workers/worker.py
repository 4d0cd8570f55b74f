"""One worker process, seen from the server: started, spoken to, and ended.

It has one socket to us, as its standard input, and a pipe for its last words; nothing else of ours. It gets none of our
environment. It answers units in the order in which it got them, so the oldest that is unanswered is the one
it is at: if it dies, it died of that.

Not here: which channel goes to which worker, and what becomes of it when that one dies (pool).
"""

import asyncio
import socket
from asyncio.subprocess import Process
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any, cast

from workers.process import end_of, spawned
from workers.transcode import Transcode
from workers.wire import Kind, Message, MessageReader, WireError, message, open_message, read_made, unit_message

PROGRAM = ("-m", "workers.inside")
START_MAX_S = 20.0  # a second of a free core; many times that beside others on a small machine
END_MAX_S = 2.0  # it ends as soon as its socket does; what it is at takes milliseconds
LAST_WORDS_BYTES = 2_000  # of a traceback, its end

# No unit takes a worker so long: it has 0.25 s of processor time for each (workers.inside.confinement), so it is
# held up by something else. Two seconds, for a machine with more work than cores does that to all alike.
STUCK_AFTER_NS = 2_000_000_000

AnyTranscode = Transcode[Any]


class WorkerStartError(Exception):
    """No worker came of it; the message says why."""


class Worker(asyncio.Protocol):
    """Made by `start`. `ended` is set when the process is gone, or as good as."""

    def __init__(self, now_ns: Callable[[], int], program: Sequence[str]) -> None:
        self.ready: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.ended = asyncio.Event()
        self.transcodes: dict[int, AnyTranscode] = {}
        self.pid = 0
        self.cut_off = False  # it was stuck, which is nobody's fault that we know of
        self._now_ns = now_ns
        self._program = program
        self._transport: asyncio.Transport | None = None
        self._process: Process | None = None
        self._reader = MessageReader()
        self._asked: deque[tuple[int, int]] = deque()  # number of the job and when, of each unit it owes an answer for
        self._answered_ns = 0  # when the last answer came: with much to do the newest units wait long
        self._next_job = 0
        self._last_words = bytearray()

    @classmethod
    async def start(cls, now_ns: Callable[[], int], program: Sequence[str]) -> "Worker":
        """A worker that can be given work.

        Raises:
            WorkerStartError: there is no such process, or it did not get ready.
        """
        worker = cls(now_ns, program)
        try:
            async with asyncio.timeout(START_MAX_S):
                await worker._start()
        except (OSError, TimeoutError, WorkerStartError) as error:
            await worker.end()
            words = worker.last_words or str(error) or type(error).__name__
            raise WorkerStartError(words) from None
        except BaseException:
            await worker.end()
            raise
        return worker

    async def _start(self) -> None:
        ours, theirs = socket.socketpair()
        try:
            ours.setblocking(False)
            self._process = await spawned(self._program, theirs)
        except BaseException:
            ours.close()
            raise
        finally:
            theirs.close()
        self.pid = self._process.pid
        await asyncio.get_running_loop().create_unix_connection(lambda: self, sock=ours)  # which owns it now
        await self.ready

    async def end(self) -> None:
        """Let it go; it is killed if it does not."""
        if self._transport is not None:
            self._transport.abort()
        if self._process is None:
            return
        try:
            async with asyncio.timeout(END_MAX_S):
                await self._listen_to_the_last()
        except TimeoutError:
            self.kill()
            await self._listen_to_the_last()
        except asyncio.CancelledError:
            self.kill()
            await self._listen_to_the_last()  # at once: neither it nor its pipe is left behind
            raise
        self.ended.set()

    async def _listen_to_the_last(self) -> None:
        assert self._process is not None
        assert self._process.stderr is not None
        while words := await self._process.stderr.read(LAST_WORDS_BYTES):
            self._last_words += words
            del self._last_words[:-LAST_WORDS_BYTES]
        await self._process.wait()

    def kill(self) -> None:
        if self._process is not None and self._process.returncode is None:
            self._process.kill()

    @property
    def last_words(self) -> str:
        """What it said of its end: the signal that ended it, or the end of a traceback."""
        return end_of(self._process, bytes(self._last_words))

    # work

    def open(self, transcode: AnyTranscode) -> None:
        """Take a channel's sound from here on."""
        self._next_job += 1
        job = self._next_job
        self.transcodes[job] = transcode
        self._write(open_message(job, transcode.config))

        def send(unit: Any) -> None:
            self._asked.append((job, self._now_ns()))
            self._write(unit_message(job, unit.payload[0], unit.pts, unit.reanchored))

        transcode.begin(send)

    def close(self, transcode: AnyTranscode) -> None:
        """Let go of it; what is under way is not waited for."""
        job = next((job for job, one in self.transcodes.items() if one is transcode), None)
        if job is not None:
            del self.transcodes[job]
            self._write(message(Kind.CLOSE, job))

    @property
    def at_work_on(self) -> AnyTranscode | None:
        """Whose unit it is at. None: nobody's, or one's that has left."""
        return self.transcodes.get(self._asked[0][0]) if self._asked else None

    def look(self, now_ns: int) -> None:
        """Cut it off if it is stuck: its work goes to another one."""
        if self._asked and now_ns - max(self._asked[0][1], self._answered_ns) > STUCK_AFTER_NS:
            self._last_words += b"no answer"
            self.cut_off = True
            self._abort()

    def _abort(self) -> None:
        self.kill()
        if self._transport is not None:
            self._transport.abort()

    def _write(self, data: bytes) -> None:
        # Never more than what its channels may have unanswered: each bounds its own.
        if self._transport is not None:
            self._transport.write(data)

    # the transport's calls

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's is one in all but name

    def data_received(self, data: bytes) -> None:
        try:
            for one in self._reader.receive(data):
                self._receive(one)
        except WireError as error:
            # Not itself any more: as good as crashed, on what it was at.
            self._last_words += str(error).encode()
            self._abort()

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = None
        if not self.ready.done():
            self.ready.set_exception(WorkerStartError("it ended before it was ready"))
        self.ended.set()

    def _receive(self, one: Message) -> None:
        if one.kind is Kind.READY and not self.ready.done():
            self.ready.set_result(None)
        elif one.kind is Kind.MADE and self._asked and self._asked[0][0] == one.job:
            transcode = self.transcodes.get(one.job)
            if transcode is not None:
                transcode.answered(read_made(one.body))
            self._asked.popleft()
            self._answered_ns = self._now_ns()
        else:
            raise WireError(f"{one.kind.name} out of turn")
