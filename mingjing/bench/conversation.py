"""How a benchmark talks with its own processes: one line of JSON asks, one line answers.

Load and clients are processes of their own, so that their work is not counted as the server's and
each has a core when there is one. The first line is what the process is to do; it answers when it is ready.
A process whose parent is gone reads the end of its input, and ends.
"""

import asyncio
import json
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Self

from mingjing.bench.histogram import Histogram
from mingjing.open_files import raise_open_files_limit
from storage import Clock

LINE_MAX_BYTES = 64 << 20  # the account of a fleet, or of a thousand viewers
ENDS_WITHIN_S = 20.0
LAG_EVERY_S = 0.01

Json = dict[str, Any]
Answer = Callable[[Json], Awaitable[Json]]


class BenchProcessError(Exception):
    """A process of the benchmark ended, or could not do what it was asked to."""


class BenchProcess:
    """The parent's end. One question at a time."""

    def __init__(self, process: Process, name: str) -> None:
        self._process = process
        self._name = name
        self._turn = asyncio.Lock()
        self.pid = process.pid

    @classmethod
    async def start(cls, module: str, task: Mapping[str, object]) -> Self:
        """Run `module` and wait until it is ready."""
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", module),
            stdin=PIPE,
            stdout=PIPE,
            limit=LINE_MAX_BYTES,
            start_new_session=True,  # Ctrl-C is for us: they are ended in order
        )
        started = cls(process, module.rpartition(".")[0])
        await started.ask("start", **task)
        return started

    async def ask(self, what: str, **details: object) -> Json:
        """Raises BenchProcessError: it ended instead of answering; its standard error is ours, and says why."""
        async with self._turn:
            assert self._process.stdin is not None
            assert self._process.stdout is not None
            try:
                self._process.stdin.write(json.dumps({"do": what, **details}).encode() + b"\n")
                await self._process.stdin.drain()
                line = await self._process.stdout.readline()
            except ConnectionError:
                line = b""
        if not line:
            raise BenchProcessError(f"{self._name} ended while it was asked to {what}")
        answer: Json = json.loads(line)
        if "error" in answer:
            raise BenchProcessError(f"{self._name}: {answer['error']}")
        return answer

    async def stop(self) -> Json:
        """Ask for the last answer, and end it."""
        answer = await self.ask("stop")
        await self.end()
        return answer

    async def end(self) -> None:
        """Make sure that it is gone, whatever state it is in."""
        if self._process.returncode is None:
            assert self._process.stdin is not None
            self._process.stdin.close()
            try:
                await asyncio.wait_for(self._process.wait(), ENDS_WITHIN_S)
            except TimeoutError:
                self._process.kill()
                await self._process.wait()


async def converse(answers: Mapping[str, Answer]) -> None:
    """The child's end: answer until asked to stop, or until the parent is gone."""
    raise_open_files_limit()
    reader = asyncio.StreamReader(limit=LINE_MAX_BYTES)
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    while line := await reader.readline():
        question = json.loads(line)
        what = question.pop("do")
        try:
            answer = await answers[what](question)
        except (OSError, ValueError) as error:
            answer = {"error": str(error) or type(error).__name__}
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()
        if what == "stop":
            return


class OwnLag:
    """How late the client's own loop runs. What it measures of the server is late by as much."""

    def __init__(self, clock: Clock) -> None:
        self.histogram = Histogram()
        self._clock = clock

    async def run(self) -> None:
        """Until cancelled. A long turn counts for every moment in it, as it does for what had to wait."""
        every_ns = round(LAG_EVERY_S * 1e9)
        while True:
            before_ns = self._clock.mono_ns()
            await asyncio.sleep(LAG_EVERY_S)
            late_ns = self._clock.mono_ns() - before_ns - every_ns
            self.histogram.add(late_ns)
            while (late_ns := late_ns - every_ns) > 0:
                self.histogram.add(late_ns)

    def begin(self) -> None:
        self.histogram = Histogram()
