"""Packages are made aside: by a process that has an interpreter of its own, and gives way to the server.

A thread of the server costs twice as much, for it hands the interpreter to the loop and back ten thousand times, and
pictures wait meanwhile (docs/reference/performance.md, P9). The maker is started when it is first wanted, stays for a
while, and dies with the server. What only the server knows it asks for (`Desk`).

Not here: how a package is made (making, which runs there as it is), what the process does (aside_process).

Invariant: whatever became of one that was not made, no process goes on with it, and nothing of it is left but what the
shelf removes.
"""

import asyncio
import os
import shutil
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

import structlog

from recorder.export.aside_wire import Answer, Ask, HeadsNow, Over, Task, Told, next_value, packed
from recorder.export.bundle import WrittenBundle
from recorder.export.custody import CaseFacts, Place
from recorder.export.export import Export
from recorder.export.running import ExportFailed, Running
from recorder.export.shelf import WORKING
from recorder.export.touching import Touching, touching
from recorder.footage import Footage
from recorder.kept import Keeping, KeepingKind, Kept, Passage
from recorder.notary import Notary
from recorder.passages import Recordings
from storage import SegmentUnreadableError
from storage.database import Database
from storage.heads import HeadKeyMissing
from storage.ledger import Ledger

PROGRAM = ("-m", "recorder.export.aside_process")
log = structlog.get_logger()

REFUSALS = (OSError, HeadKeyMissing, SegmentUnreadableError)  # that the maker deals with itself


@dataclass(frozen=True, slots=True)
class Desk:
    """What the maker is told when it asks, by the names of these methods."""

    notary: Notary
    media: Path
    footage_of: Recordings
    ledger: Ledger
    ledger_dir: Path
    database: Database
    kept: Kept
    node: str
    version: str
    find_place: Callable[[Passage], Place]
    find_case: Callable[[str], Awaitable[CaseFacts | None]]

    async def round(self) -> HeadsNow:
        await self.notary.round()
        heads = self.notary.heads
        return HeadsNow(heads.statistics().key, heads.ledger)

    async def sign(self, message: bytes) -> bytes:
        return await asyncio.to_thread(self.notary.heads.signer.sign, message)

    async def recordings(self, device: str, channel: str, from_utc_ns: int, to_utc_ns: int) -> Footage:
        return await self.footage_of(device, channel, from_utc_ns, to_utc_ns)

    async def touching(self, export: Export) -> Touching:
        return await touching(export, self.ledger, self.kept, self.database)

    async def clip(self, clip_id: str) -> Keeping | None:
        return await self.kept.find(KeepingKind.CLIP, clip_id)

    async def place_of(self, passage: Passage) -> Place:
        return self.find_place(passage)

    async def case_of(self, case_id: str) -> CaseFacts | None:
        return await self.find_case(case_id)

    def task(self, export: Export, running: Running) -> Task:
        heads = self.notary.heads.folder
        return Task(
            export, running.path, running.since_utc_ns, self.media, self.ledger_dir, heads, self.node, self.version
        )


class AsideMaker:
    """A `Make`."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._process: Process | None = None

    async def __call__(self, export: Export, running: Running) -> WrittenBundle:
        over: Over | None = None
        try:
            over = await self._made(export, running)
        except (EOFError, ConnectionError) as error:
            log.error("the process that makes packages has ended", export=export.id)
            fix = "Tell the system admin: it is in the log."
            raise ExportFailed("The server made a mistake with it.", fix) from error
        finally:
            if over is None:
                await self._end(running.path.parent)
        if over.failure is not None:
            raise ExportFailed(*over.failure)
        if over.refused is not None:
            raise over.refused
        assert over.bundle is not None
        return over.bundle

    async def _made(self, export: Export, running: Running) -> Over:
        process = await self._ready()
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(packed(self._desk.task(export, running)))
        while True:
            said = await next_value(process.stdout)
            if isinstance(said, Over):
                return said
            if isinstance(said, Told):
                running.tell(said.phase, said.done, said.total)
            elif isinstance(said, Ask):
                process.stdin.write(packed(await self._answer(said)))
                await process.stdin.drain()

    async def _answer(self, ask: Ask) -> Answer:
        try:
            return Answer(await getattr(self._desk, ask.name)(*ask.arguments))
        except REFUSALS as error:
            return Answer(error=error)

    async def _ready(self) -> Process:
        """Raises OSError: there can be none."""
        if self._process is None or self._process.returncode is not None:
            self._process = await asyncio.create_subprocess_exec(
                *(sys.executable, *PROGRAM, str(os.getpid())), stdin=PIPE, stdout=PIPE
            )
        return self._process

    async def _end(self, folder: Path) -> None:
        """It is in the middle of something that nobody wants."""
        process, self._process = self._process, None
        if process is not None and process.returncode is None:
            process.kill()
            await process.wait()
        await asyncio.to_thread(_clear, folder)


def _clear(folder: Path) -> None:
    """Of what was made on the way."""
    for left in folder.glob(f"{WORKING}*"):
        shutil.rmtree(left, ignore_errors=True)
