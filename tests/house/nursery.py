"""Where servers under test come from: a process that has loaded the server's code, and forks.

From the beginning a start costs more than a second of a core, nearly all of it imports, and the suite starts a server
in every fourth test. A fork is the same code from `main` on; what Python reads when it starts (PYTHONHASHSEED,
warnings, the time zone) is the nursery's. What measures a start, or runs the server under another command, starts it
from the beginning (process.py).

    python -m tests.house.nursery        is what `Nursery` runs; its standard input is a socket

A request is one message: arguments and environment, with the ends of the pipes in which log, exit status and perhaps
standard output come.
"""

import asyncio
import atexit
import json
import os
import selectors
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from threading import Lock

REPOSITORY = Path(__file__).parents[2]
FILES_MAX = 1_024  # open in a nursery: a socket, and a pipe for each process
REQUEST_MAX_BYTES = 1 << 16  # arguments and environment; a longer one would be cut


@dataclass(frozen=True, slots=True)
class Fork:
    """A process, and the pipes in which what it says comes: the readers' ends are its owner's to close."""

    pid: int
    log: int  # standard error, and standard output where that is not apart
    status: int  # its exit status, as a word
    out: int | None = None


class Nursery:
    """One a test process; see `nursery`. Ends, with all its servers, when the test process does."""

    def __init__(self) -> None:
        self._socket, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        command = (sys.executable, "-m", "tests.house.nursery")
        # Of a session of its own: Ctrl-C is for the tests, and who ends them ends it.
        self._process = subprocess.Popen(command, stdin=theirs, cwd=REPOSITORY, start_new_session=True)
        theirs.close()
        self._lock = Lock()

    def fork(self, arguments: Sequence[str], environment: Mapping[str, str], *, apart: bool = False) -> Fork:
        """A process that runs `mingjing` with these arguments; its output comes `apart` from its log, or with it."""
        pipes = [os.pipe() for _ in range(3 if apart else 2)]
        request = json.dumps({"arguments": list(arguments), "environment": dict(environment)}).encode()
        assert len(request) <= REQUEST_MAX_BYTES
        with self._lock:
            socket.send_fds(self._socket, [request], [end for _, end in pipes])
            answer = self._socket.recv(64)
        for _, end in pipes:
            os.close(end)
        assert answer, "the nursery has ended: what it said is in the output of the test run"
        return Fork(int(answer), *(ours for ours, _ in pipes))

    def close(self) -> None:
        self._socket.close()
        self._process.wait()


@cache
def nursery() -> Nursery:
    """The nursery of this test process."""
    opened = Nursery()
    atexit.register(opened.close)
    return opened


class ForkTransport(asyncio.SubprocessTransport):
    """What asyncio has for a process that it started itself, as far as servers under test need it."""

    def __init__(self, protocol: asyncio.SubprocessProtocol, fork: Fork) -> None:
        assert fork.out is None
        super().__init__()
        self._protocol = protocol
        self._pid = fork.pid
        self._pipes = {fork.log, fork.status}
        self._exit_status: int | None = None
        self._loop = asyncio.get_running_loop()
        protocol.connection_made(self)
        self._loop.add_reader(fork.log, self._take_log, fork.log)
        self._loop.add_reader(fork.status, self._take_status, fork.status)

    def get_pid(self) -> int:
        return self._pid

    def get_returncode(self) -> int | None:
        return self._exit_status

    def send_signal(self, number: int) -> None:
        with suppress(ProcessLookupError):  # it has ended, and the news of it is under way
            os.kill(self._pid, number)

    def close(self) -> None:
        """Kills the process where it still runs."""
        if self._exit_status is None:
            self.send_signal(signal.SIGKILL)
        for pipe in tuple(self._pipes):
            self._let_go(pipe)

    def _take_log(self, log: int) -> None:
        if data := os.read(log, 1 << 16):
            self._protocol.pipe_data_received(1, data)
        else:
            self._end_of(log)

    def _take_status(self, status: int) -> None:
        told = os.read(status, 16)
        if not told:  # the nursery itself is gone, and nobody will tell
            self.send_signal(signal.SIGKILL)
        self._exit_status = int(told or -signal.SIGKILL)
        self._protocol.process_exited()
        self._end_of(status)

    def _end_of(self, pipe: int) -> None:
        self._let_go(pipe)
        if not self._pipes:
            self._protocol.connection_lost(None)

    def _let_go(self, pipe: int) -> None:
        self._pipes.discard(pipe)
        self._loop.remove_reader(pipe)
        os.close(pipe)


# In the nursery itself.


def tend() -> list[str] | None:
    """Fork on request and tell how each process ended, until the other side of the socket is gone.

    Returns in the fork as well, with what it is to run.
    """
    requests = socket.socket(fileno=os.dup(0))
    woken, wakes = socket.socketpair()
    for one in (woken, wakes):
        one.setblocking(False)
    signal.set_wakeup_fd(wakes.fileno())
    signal.signal(signal.SIGCHLD, lambda _number, _frame: None)
    told: dict[int, int] = {}  # by process: where its exit status goes
    with selectors.DefaultSelector() as selector:
        selector.register(requests, selectors.EVENT_READ)
        selector.register(woken, selectors.EVENT_READ)
        while True:
            ready = {key.fileobj for key, _ in selector.select()}
            if woken in ready:
                woken.recv(4096)
                _tell_ends(told)
            if requests not in ready:
                continue
            message, pipes, _, _ = socket.recv_fds(requests, REQUEST_MAX_BYTES, 3)
            if not message:
                break
            log, status, *out = pipes
            pid = os.fork()
            if not pid:
                break
            for pipe in (log, *out):
                os.close(pipe)
            told[pid] = status
            with suppress(OSError):  # nobody is there any more: the next look says so
                requests.send(str(pid).encode())
    if message:
        return _leave_nursery(log, *out, **json.loads(message))
    for pid in told:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    return None


def _tell_ends(told: dict[int, int]) -> None:
    while told:
        pid, status = os.waitpid(-1, os.WNOHANG)
        if not pid:
            return
        pipe = told.pop(pid)
        with suppress(BrokenPipeError):
            os.write(pipe, str(os.waitstatus_to_exitcode(status)).encode())
        os.close(pipe)


def _leave_nursery(log: int, out: int | None = None, *, arguments: list[str], environment: dict[str, str]) -> list[str]:
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(log if out is None else out, 1)
    os.dup2(log, 2)
    os.closerange(3, FILES_MAX)  # of the nursery and of other servers
    os.environ.clear()
    os.environ.update(environment)
    return arguments


if __name__ == "__main__":
    import mingjing.wiring  # noqa: F401 - with all that a server needs
    from mingjing.cli import main
    from mingjing.cli.serve import serve  # noqa: F401

    if (typed := tend()) is not None:
        main(typed)
