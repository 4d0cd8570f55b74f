"""The process that makes packages: `python -m recorder.export.aside_process SERVER_PID`, started by `aside`.

It reads footage, ledger and heads from the store, and writes into the folder of bundles; whatever else it must know it
asks the server for. It gives way to all that the server does (nice), and dies with it, whatever it is at then.
"""

import asyncio
import ctypes
import os
import resource
import signal
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import Any

from recorder.export.aside_wire import Answer, Ask, HeadsNow, Over, Task, Told, next_value, packed
from recorder.export.clerk import Rooms
from recorder.export.export import Phase
from recorder.export.making import PackageMaker
from recorder.export.running import ExportFailed, Running
from recorder.groups import GroupShelf
from storage import SegmentUnreadableError, SystemClock
from workers import SoundWorkers

NICENESS = 10
STAYS_S = 300.0  # without a package; a start costs a second of a core
SOUND_WORKERS = 1
_PR_SET_PDEATHSIG = 1


class Server:
    """The other end of the pipes. One question at a time."""

    def __init__(self, reader: asyncio.StreamReader, pipe: int) -> None:
        self._reader = reader
        self._pipe = pipe
        self._writing = Lock()
        self._turn = asyncio.Lock()

    async def next_task(self) -> Task:
        """Raises EOFError: the server is gone."""
        task = await next_value(self._reader)
        assert isinstance(task, Task)
        return task

    async def ask(self, name: str, *arguments: object) -> Any:
        """Raises what the server's own call raised."""
        async with self._turn:
            self.say(Ask(name, arguments))
            answer = await next_value(self._reader)
        assert isinstance(answer, Answer)
        if answer.error is not None:
            raise answer.error
        return answer.value

    def say(self, value: object) -> None:
        """From any thread."""
        data = packed(value)
        with self._writing:
            while data:
                data = data[os.write(self._pipe, data) :]


@dataclass(slots=True)
class FarHeads:
    """`SignedHeads`, as the last round left them; it signs by asking."""

    folder: Path
    server: Server
    loop: asyncio.AbstractEventLoop
    key: str = ""
    ledger: int = 0

    @property
    def signer(self) -> "FarHeads":
        return self

    def statistics(self) -> "FarHeads":
        return self

    def sign(self, message: bytes) -> bytes:
        """For a thread."""
        asked = asyncio.run_coroutine_threadsafe(self.server.ask("sign", message), self.loop)
        return bytes(asked.result())


@dataclass(frozen=True, slots=True)
class FarNotary:
    heads: FarHeads
    server: Server

    async def round(self) -> None:
        now = await self.server.ask("round")
        assert isinstance(now, HeadsNow)
        self.heads.key, self.heads.ledger = now.key or "", now.ledger


class RunningAside(Running):
    """Tells the server, which ends this process where nobody wants it any more."""

    def __init__(self, task: Task, server: Server) -> None:
        super().__init__(task.export.id, task.path, task.since_utc_ns)
        self._server = server

    def tell(self, phase: Phase, done: int = 0, total: int = 0) -> None:
        self._server.say(Told(phase, done, total))


async def make(task: Task, server: Server, workers: SoundWorkers) -> Over:
    heads = FarHeads(task.heads, server, asyncio.get_running_loop())
    rooms = Rooms(
        notary=FarNotary(heads, server),
        recordings=lambda *wanted: server.ask("recordings", *wanted),
        media=task.media,
        groups=GroupShelf(task.media),
        touching=lambda export: server.ask("touching", export),
        ledger_dir=task.ledger,
        clip=lambda clip_id: server.ask("clip", clip_id),
        workers=workers,
        clock=SystemClock(),
        node=task.node,
        version=task.version,
        place_of=lambda passage: server.ask("place_of", passage),
        case_of=lambda case_id: server.ask("case_of", case_id),
    )
    try:  # a mistake of ours ends the process; what it says is in the server's log
        return Over(bundle=await PackageMaker(rooms)(task.export, RunningAside(task, server)))
    except ExportFailed as error:
        return Over(failure=(str(error), error.fix))
    except (SegmentUnreadableError, OSError) as error:
        return Over(refused=error)


async def work(pipe: int) -> None:
    """Until nobody has wanted anything for a while, or the server is gone."""
    reader = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    server = Server(reader, pipe)
    workers = SoundWorkers(processes=SOUND_WORKERS, now_ns=time.monotonic_ns, tell=lambda _event: None)
    async with asyncio.TaskGroup() as tasks:
        running = tasks.create_task(workers.run(), name="sound workers")
        try:
            while True:
                async with asyncio.timeout(STAYS_S):
                    task = await server.next_task()
                server.say(await make(task, server, workers))
        except (EOFError, TimeoutError):
            running.cancel()


def main() -> None:
    for number in (signal.SIGINT, signal.SIGTERM):  # who stops the server stops its group: the server says what goes on
        signal.signal(number, signal.SIG_IGN)
    _die_with(int(sys.argv[1]))
    pipe = os.dup(1)
    os.dup2(2, 1)  # what somebody prints is for the log
    os.closerange(pipe + 1, resource.getrlimit(resource.RLIMIT_NOFILE)[0])  # what the server's loop let come along
    os.nice(NICENESS)
    asyncio.run(work(pipe))


def _die_with(parent: int) -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        if os.getppid() != parent:  # it was quicker
            os._exit(0)


if __name__ == "__main__":
    main()
