"""A disk that dies, tears or refuses at one chosen call, and a child process that dies with it."""

import asyncio
import os
import signal
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from enum import Enum
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TextIO

from storage import SystemDisk

# Calls that change or promise something; `open_directory` and `close` do neither.
_CHANGES = ("create", "open_existing", "make_directory", "make_link", "append", "truncate", "rename", "unlink")
_PROMISES = ("sync_file", "sync_filesystem", "sync_directory")
COUNTED = frozenset(_CHANGES + _PROMISES)


class Fate(Enum):
    KILLED_BEFORE = "killed before the call"
    KILLED_AFTER = "killed after the call"
    TORN = "half of an append written, then killed"


class DoomedDisk(SystemDisk):
    """The real disk, in a process that is SIGKILLed at its `at`-th call (from 1)."""

    def __init__(self, at: int, fate: Fate) -> None:
        super().__init__()
        self._at = at
        self._fate = fate
        self.calls = 0

    def __getattribute__(self, name: str) -> object:
        call = super().__getattribute__(name)
        if name not in COUNTED:
            return call

        def counted(*arguments: object) -> object:
            self.calls += 1
            if self.calls != self._at:
                return call(*arguments)
            if self._fate is Fate.TORN and name == "append":
                whole = b"".join(arguments[1])
                os.write(arguments[0], whole[: len(whole) // 2 + 1])
            elif self._fate is Fate.KILLED_AFTER:
                call(*arguments)
            os.kill(os.getpid(), signal.SIGKILL)
            raise AssertionError("killed processes do not get here")

        return counted


class RefusingDisk(SystemDisk):
    """The real disk, but the calls in `refuse` raise. What was appended but never synced is known."""

    def __init__(self) -> None:
        super().__init__()
        self.refuse: dict[str, OSError] = {}
        self.calls: list[str] = []

    def __getattribute__(self, name: str) -> object:
        call = super().__getattribute__(name)
        if name not in COUNTED:
            return call
        self.calls.append(name)
        error = self.refuse.get(name)

        def refused(*arguments: object) -> object:
            raise OSError(error.errno, error.strerror)

        return refused if error is not None else call


class ShortDisk(SystemDisk):
    """Takes at most seven bytes a call, as a kernel may when a signal comes or a quota nears."""

    def append(self, descriptor: int, pieces: Sequence[bytes]) -> int:
        return os.write(descriptor, b"".join(pieces)[:7])


@contextmanager
def quick_folder(ordinary: Path) -> Iterator[Path]:
    """A folder in memory where there is one: to a kill it is as good as a disk, and a sweep does thousands of syncs."""
    memory = Path("/dev/shm")
    if not os.access(memory, os.W_OK):
        yield ordinary
        return
    with TemporaryDirectory(prefix="mingjing-", dir=memory) as folder:
        yield Path(folder)


Script = Callable[[Callable[[str], None]], None]  # is given how to tell a line


def child_of(script: Script) -> tuple[int, TextIO]:
    """Run `script(tell)` in a child, a fork that has nothing to import: its process id, and the lines it tells."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        asyncio._set_running_loop(None)  # the test's own, which is not here
        code = 1
        try:
            script(lambda line: os.write(writing, f"{line}\n".encode()) and None)
            code = 0
        finally:
            os._exit(code)
    os.close(writing)
    return child, os.fdopen(reading)


def in_a_child(script: Script) -> tuple[list[str], bool]:
    """Run `script(tell)` in a child that may be killed: the lines it told, and whether it came to its end."""
    child, told = child_of(script)
    with told:
        lines = told.read().splitlines()
    _, status = os.waitpid(child, 0)
    if os.WIFEXITED(status) and os.WEXITSTATUS(status) != 0:
        raise AssertionError("the script failed by itself")
    return lines, os.WIFEXITED(status)
