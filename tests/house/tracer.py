"""Kills a process before its K-th call to the disk under one folder, whichever of its threads makes it (ptrace(2)).

    python tracer.py PID FOLDER K [PATTERN]

says `tracing` once every thread stands under it, or why none can, and when it kills, the call and the path in the
folder. With a PATTERN, a regular expression over these, only calls that it finds count. `strace -e
inject=…:signal=KILL:when=K` is no help here: it counts the calls of each thread apart, and those to sockets among them.

Not here: what the process does meanwhile, and what must be true afterwards (sweep.py). Linux on x86-64 alone.
"""

import ctypes
import errno
import os
import re
import signal
import sys
from enum import Enum

ATTACH, RESUME, LISTEN, INTERRUPT, TELL_CALL = 0x4206, 24, 0x4208, 0x4207, 0x420E
MARK_CALLS, FOLLOW_THREADS = 1, 8  # options of ATTACH
CALL_STOP = signal.SIGTRAP | 0x80
STOPPED, NEW_THREAD = 128, 3  # events
ENTRY = 1
INFO_BYTES = 88
INFO_NUMBER, INFO_ARGUMENTS = slice(24, 32), 32


class Names(Enum):
    """What the first arguments of a call name."""

    FILE = "an open file"
    PATH = "a path"
    PATH_IN = "an open folder, and a path in it"


CALLS = {  # by their numbers on x86-64 (arch/x86/entry/syscalls/syscall_64.tbl)
    1: ("write", Names.FILE),
    18: ("pwrite64", Names.FILE),
    20: ("writev", Names.FILE),
    74: ("fsync", Names.FILE),
    75: ("fdatasync", Names.FILE),
    77: ("ftruncate", Names.FILE),
    82: ("rename", Names.PATH),
    83: ("mkdir", Names.PATH),
    84: ("rmdir", Names.PATH),
    86: ("link", Names.PATH),
    87: ("unlink", Names.PATH),
    263: ("unlinkat", Names.PATH_IN),
    264: ("renameat", Names.PATH_IN),
    296: ("pwritev", Names.FILE),
    306: ("syncfs", Names.FILE),
    316: ("renameat2", Names.PATH_IN),
}


class Tracer:
    def __init__(self, pid: int) -> None:
        """Raises PermissionError: nobody may, or can, on this machine."""
        if os.uname().machine != "x86_64":
            raise PermissionError("the numbers of calls are known for x86-64 alone")
        self.pid = pid
        self._ptrace = ctypes.CDLL(None, use_errno=True).ptrace
        self._ptrace.argtypes = (ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p)
        self._info = ctypes.create_string_buffer(INFO_BYTES)
        self._memory = os.open(f"/proc/{pid}/mem", os.O_RDONLY)
        self._waiting = 0  # the thread whose call was told last

    def attach(self) -> None:
        """To every thread there is; those to come are followed. One that ends meanwhile needs nobody.

        Raises:
            PermissionError: nobody may.
        """
        known: set[int] = set()
        while new := {int(name) for name in os.listdir(f"/proc/{self.pid}/task")} - known:
            for thread in new:
                if self._ask(ATTACH, thread, 0, MARK_CALLS | FOLLOW_THREADS) >= 0:
                    self._ask(INTERRUPT, thread)
                elif ctypes.get_errno() == errno.EPERM:
                    raise PermissionError("nobody may trace the server here")
            known |= new

    def next_call(self) -> tuple[str, str] | None:
        """Let everything go on up to the next call that is about to begin; None: the process has ended."""
        while True:
            thread, status = os.waitpid(-1, 0x40000000)  # __WALL: threads as well
            if not os.WIFSTOPPED(status):
                if thread == self.pid:
                    return None
                continue
            if (call := self._call(thread)) if os.WSTOPSIG(status) == CALL_STOP else None:
                self._waiting = thread
                return call
            self._go_on(thread, status)

    def let_go_on(self) -> None:
        """With the call that was told last."""
        self._ask(RESUME, self._waiting)

    def _go_on(self, thread: int, status: int) -> None:
        event, number = status >> 16, os.WSTOPSIG(status)
        if event == STOPPED and number != signal.SIGTRAP:
            self._ask(LISTEN, thread)  # it was stopped as any process is, and stays so
        elif event or number == CALL_STOP:
            self._ask(RESUME, thread)
        else:
            self._ask(RESUME, thread, 0, number)  # a signal of its own

    def _call(self, thread: int) -> tuple[str, str] | None:
        """Name and path, where it is one of those that count, and about to begin."""
        if self._ask(TELL_CALL, thread, INFO_BYTES, ctypes.addressof(self._info)) < 0:
            return None
        told = self._info.raw
        known = CALLS.get(int.from_bytes(told[INFO_NUMBER], "little"))
        if told[0] != ENTRY or known is None:
            return None
        name, names = known
        first, second = (int.from_bytes(told[at : at + 8], "little") for at in (INFO_ARGUMENTS, INFO_ARGUMENTS + 8))
        if names is Names.FILE:
            return name, self._file(first)
        if names is Names.PATH:
            return name, self._text(first)
        return name, os.path.join(self._file(first), self._text(second))

    def _file(self, descriptor: int) -> str:
        """Empty for what is none: also for a path from the working folder, in which nothing is kept."""
        try:
            return os.readlink(f"/proc/{self.pid}/fd/{descriptor}")
        except OSError:
            return ""

    def _text(self, address: int) -> str:
        text = b""
        while b"\0" not in text:  # a page at a time: the next one may not be there
            text += os.pread(self._memory, 4096 - (address + len(text)) % 4096, address + len(text))
        return text.partition(b"\0")[0].decode(errors="replace")

    def _ask(self, what: int, thread: int, first: int = 0, second: int = 0) -> int:
        """Less than 0: the thread is gone."""
        return int(self._ptrace(what, thread, first, second))


def main(pid: int, folder: str, at: int, pattern: str = "") -> None:
    try:
        tracer = Tracer(pid)
        tracer.attach()
    except PermissionError as error:
        _say(str(error))
    else:
        _say("tracing")
        _kill(tracer, folder, at, re.compile(pattern))


def _kill(tracer: Tracer, folder: str, at: int, wanted: re.Pattern[str]) -> None:
    count = 0
    while (call := tracer.next_call()) is not None:
        name, path = call
        told = f"{name} {path.removeprefix(folder)}"
        if path.startswith(folder) and wanted.search(told):
            count += 1
        if count == at:
            os.kill(tracer.pid, signal.SIGKILL)
            _say(told)
            return
        tracer.let_go_on()


def _say(words: str) -> None:
    sys.stdout.write(words + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2], int(sys.argv[3]), *sys.argv[4:])
