"""What is in a file that somebody sent: opened by libav in a process of its own, and told back picture by picture.

One process a file, which has the file's descriptor for reading and nothing else of ours. Bounded: pictures and bytes of
what it says, silence, and its own memory and processor time (workers.inside.confinement). Three deaths on one file,
and it is given to no fourth.

Not here: whose file it is, and what its pictures agree with (recorder.backfill).
"""

import asyncio
import signal
import socket
from array import array
from asyncio.subprocess import Process
from collections.abc import Sequence
from dataclasses import dataclass, field

from media.nal import FINGERPRINT_BYTES
from workers.file_wire import (
    HEAD,
    PICTURES_MAX,
    FileFacts,
    FileKind,
    FileWireError,
    read_done,
    read_head,
    read_opened,
    read_pictures,
    read_refused,
)
from workers.process import spawned
from workers.strikes import POISONED_AT
from workers.worker import END_MAX_S, LAST_WORDS_BYTES

PROGRAM = ("-m", "workers.inside.file_reader")
SILENCE_MAX_S = 60.0  # to start on a busy machine and read the tables of a large file from a slow disk


class FileNotRead(Exception):
    """What is in the file is not known. `died`: workers did, of it; else it was refused, in these words."""

    def __init__(self, words: str, *, died: bool) -> None:
        super().__init__(words)
        self.died = died


@dataclass
class FilePictures:
    """A file's pictures in the order in which they stand in it: rows of equal length, for there may be half a million.

    `slices(n)` and `whole(n)` are the fingerprints of number n (media.nal).
    """

    facts: FileFacts
    times_ns: "array[int]" = field(default_factory=lambda: array("q"))
    keys: bytearray = field(default_factory=bytearray)
    sound_frames: int = 0
    _slices: bytearray = field(default_factory=bytearray)
    _whole: bytearray = field(default_factory=bytearray)

    def __len__(self) -> int:
        return len(self.times_ns)

    def slices(self, n: int) -> bytes:
        return bytes(self._slices[n * FINGERPRINT_BYTES : (n + 1) * FINGERPRINT_BYTES])

    def whole(self, n: int) -> bytes:
        return bytes(self._whole[n * FINGERPRINT_BYTES : (n + 1) * FINGERPRINT_BYTES])

    def add(self, time_ns: int, key: bool, slices: bytes, whole: bytes) -> None:
        self.times_ns.append(time_ns)
        self.keys.append(key)
        self._slices += slices
        self._whole += whole


async def read_file(descriptor: int, program: Sequence[str] = PROGRAM) -> FilePictures:
    """What is in the file that is open as `descriptor`, for reading; the caller closes it.

    Raises:
        FileNotRead: it is no file that we read, or nobody survives reading it.
    """
    words = ""
    for _ in range(POISONED_AT):
        reader = _Reader(program)
        try:
            return await reader.read(descriptor)
        except (FileWireError, asyncio.IncompleteReadError, TimeoutError, OSError) as error:
            words = reader.last_words or str(error) or type(error).__name__
        finally:
            await reader.end()
        words = reader.last_words or words
    raise FileNotRead(words, died=True)


class _Reader:
    """One process."""

    def __init__(self, program: Sequence[str]) -> None:
        self._program = program
        self._process: Process | None = None
        self._writer: asyncio.StreamWriter | None = None
        self._said = b""

    async def read(self, descriptor: int) -> FilePictures:
        stream = await self._start(descriptor)
        found: FilePictures | None = None
        while True:
            async with asyncio.timeout(SILENCE_MAX_S):
                length, kind = read_head(await stream.readexactly(HEAD.size))
                body = await stream.readexactly(length)
            if kind is FileKind.REFUSED:
                raise FileNotRead(read_refused(body), died=False)
            if kind is FileKind.OPENED and found is None:
                found = FilePictures(read_opened(body))
            elif kind is FileKind.PICTURES and found is not None:
                for picture in read_pictures(body):
                    found.add(*picture)
                if len(found) > PICTURES_MAX:
                    raise FileWireError("more pictures than there may be")
            elif kind is FileKind.DONE and found is not None:
                found.sound_frames = read_done(body)
                return found
            else:
                raise FileWireError(f"{kind.name} out of turn")

    async def _start(self, descriptor: int) -> asyncio.StreamReader:
        ours, theirs = socket.socketpair()
        try:
            ours.setblocking(False)
            self._process = await spawned(self._program, theirs, descriptor)
            reader, self._writer = await asyncio.open_unix_connection(sock=ours)
        except BaseException:
            ours.close()
            raise
        finally:
            theirs.close()
        return reader

    async def end(self) -> None:
        """Let it go; it is killed if it does not."""
        if self._writer is not None:
            self._writer.close()
        if self._process is None:
            return
        try:
            async with asyncio.timeout(END_MAX_S):
                self._said = (await self._process.communicate())[1] or b""
        except TimeoutError:
            self._kill()
            self._said = (await self._process.communicate())[1] or b""
        except asyncio.CancelledError:
            self._kill()
            await self._process.communicate()  # at once: neither it nor its pipe is left behind
            raise

    def _kill(self) -> None:
        if self._process is not None and self._process.returncode is None:
            self._process.kill()

    @property
    def last_words(self) -> str:
        """What it said of its end: the end of a traceback, or the signal that ended it."""
        words = self._said[-LAST_WORDS_BYTES:].decode(errors="replace").strip().rpartition("\n")[2]
        code = self._process.returncode if self._process is not None else None
        if words or code is None or code >= 0:
            return words
        try:
            return signal.Signals(-code).name
        except ValueError:
            return f"signal {-code}"
