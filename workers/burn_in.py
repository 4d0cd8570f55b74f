"""A process that burns words into the pictures of one film, seen from the server: started, given pictures, ended.

Pictures go in one after the other and each is waited for, so memory holds one, whatever the film's length. It may
die of any of them: then the film fails with a reason, and nothing else does.

Not here: where pictures come from and what is made of the answers (recorder.export), what runs in there
(workers.inside.burn_in).
"""

import asyncio
import socket
from asyncio.subprocess import Process
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress

from workers.burn_wire import (
    HEAD_BYTES,
    BurnAnswer,
    BurnKind,
    BurnOrder,
    BurnWireError,
    burn_message,
    card_message,
    head_of,
    open_message,
    picture_message,
    read_burnt,
)
from workers.process import end_of, spawned

BURN_PROGRAM = ("-m", "workers.inside.burn_in")
START_WITHIN_S = 30.0  # two seconds of a free core, the font included; many times that beside others
PICTURE_WITHIN_S = 60.0  # it has five seconds of processor time for each; the rest is for others on the machine
END_WITHIN_S = 2.0
LAST_WORDS_BYTES = 2_000


class BurnInFailed(Exception):
    """Nothing more comes of this film; the message says why."""


class BurnIn:
    """Made by `burning`."""

    def __init__(self, process: Process, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._process = process
        self._reader = reader
        self._writer = writer

    async def picture(self, pts: int, placed_utc_ns: int, sample: bytes) -> BurnAnswer:
        """What comes of the next picture, in decode order; `pts` is its time in the film, in 90 kHz.

        Raises:
            BurnInFailed: the process is no more.
        """
        return await self._answer(picture_message(pts, placed_utc_ns, sample))

    def card(self, pts: int, lines: Sequence[str]) -> None:
        """Where nothing was recorded: show these from `pts` on, until the next picture."""
        self._writer.write(card_message(pts, lines))

    async def finish(self) -> BurnAnswer:
        """What was held back. Raises BurnInFailed."""
        return await self._answer(burn_message(BurnKind.END))

    async def _begin(self, order: BurnOrder) -> None:
        kind, _ = await self._receive(START_WITHIN_S)
        if kind is not BurnKind.READY:
            raise BurnInFailed(f"{kind.name} out of turn")
        self._writer.write(open_message(order))

    async def _answer(self, message: bytes) -> BurnAnswer:
        try:
            self._writer.write(message)
            await self._writer.drain()
        except OSError:
            pass  # what it said of its end is waited for below
        kind, body = await self._receive(PICTURE_WITHIN_S)
        try:
            if kind is not BurnKind.BURNT:
                raise BurnWireError(f"{kind.name} out of turn")
            return read_burnt(body)
        except BurnWireError as error:
            raise BurnInFailed(str(error)) from None

    async def _receive(self, within_s: float) -> tuple[BurnKind, bytes]:
        try:
            async with asyncio.timeout(within_s):
                length, kind = head_of(await self._reader.readexactly(HEAD_BYTES))
                return kind, await self._reader.readexactly(length)
        except TimeoutError:
            raise BurnInFailed(f"no answer within {within_s:g} s") from None
        except (asyncio.IncompleteReadError, OSError):
            raise BurnInFailed(f"its process ended: {await self._last_words()}") from None
        except BurnWireError as error:
            raise BurnInFailed(str(error)) from None

    async def _last_words(self) -> str:
        assert self._process.stderr is not None
        said = b""
        with suppress(TimeoutError):
            async with asyncio.timeout(END_WITHIN_S):
                while words := await self._process.stderr.read(LAST_WORDS_BYTES):
                    said = (said + words)[-LAST_WORDS_BYTES:]
                await self._process.wait()
        return end_of(self._process, said) or "without a word"

    async def _end(self) -> None:
        self._writer.close()
        with suppress(ProcessLookupError):
            self._process.kill()  # it writes nothing that has to be finished
        await self._last_words()


@asynccontextmanager
async def burning(order: BurnOrder, program: Sequence[str] = BURN_PROGRAM) -> AsyncIterator[BurnIn]:
    """A process that takes the pictures of one film; it is ended when the block is left.

    Raises:
        BurnInFailed: there is no such process, or it did not get ready.
    """
    ours, theirs = socket.socketpair()
    ours.setblocking(False)
    try:
        process = await spawned(program, theirs)
    except OSError as error:
        ours.close()
        raise BurnInFailed(str(error)) from None
    except BaseException:
        ours.close()
        raise
    finally:
        theirs.close()
    reader, writer = await asyncio.open_unix_connection(sock=ours)
    burn_in = BurnIn(process, reader, writer)
    try:
        await burn_in._begin(order)
        yield burn_in
    finally:
        await burn_in._end()
