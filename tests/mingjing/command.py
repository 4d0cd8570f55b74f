"""Runs `mingjing …` as an operator does: in this process where it is quick, as one of its own where it serves.

That is a fork (tests/house/nursery.py), which saves the time of the imports.
"""

import contextlib
import os
import queue
import re
import select
import signal
import subprocess
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from mingjing.cli import main
from tests.house.nursery import Fork, nursery

READY_WITHIN_S = 60.0  # imports and a new database, on a machine that does other things as well


@dataclass
class Outcome:
    status: int
    out: str
    err: str


class Command:
    """`run("device", "list")` on one data directory."""

    def __init__(self, data_dir: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.data_dir = data_dir
        self._capsys = capsys

    def run(self, *words: str, data_dir: Path | None = None) -> Outcome:
        self._capsys.readouterr()
        try:
            main([*words, "--data-dir", str(data_dir or self.data_dir)])
        except SystemExit as end:
            status = end.code if isinstance(end.code, int) else 0
        printed = self._capsys.readouterr()
        return Outcome(status, printed.out, printed.err)

    def ok(self, *words: str, data_dir: Path | None = None) -> str:
        done = self.run(*words, data_dir=data_dir)
        assert done.status == 0, done.err
        return done.out


class Process:
    """A fork, with what `subprocess.Popen` has and is used here."""

    def __init__(self, fork: Fork) -> None:
        assert fork.out is not None
        self.stdout, self.stderr = os.fdopen(fork.out), os.fdopen(fork.log)
        self._pid = fork.pid
        self._status = os.fdopen(fork.status)
        self._exit_status: int | None = None

    def send_signal(self, number: signal.Signals) -> None:
        if self.poll() is None:
            os.kill(self._pid, number)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)

    def poll(self) -> int | None:
        return self._ended(within_s=0)

    def wait(self, timeout: float | None = None) -> int:
        """The exit status.

        Raises:
            subprocess.TimeoutExpired: it still runs.
        """
        if (status := self._ended(within_s=timeout)) is None:
            raise subprocess.TimeoutExpired("mingjing", timeout or 0)
        return status

    def close(self) -> None:
        for stream in (self.stdout, self.stderr, self._status):
            stream.close()

    def _ended(self, *, within_s: float | None) -> int | None:
        if self._exit_status is None and select.select([self._status], [], [], within_s)[0]:
            self._exit_status = int(self._status.read() or -signal.SIGKILL)  # nothing: the nursery is gone, and it
        return self._exit_status


class Server:
    """`mingjing serve` or `demo`, running."""

    def __init__(self, process: Process) -> None:
        self.process = process
        self.log: list[str] = []
        self._lines: queue.Queue[str | None] = queue.Queue()
        self._reading = threading.Thread(target=self._read, daemon=True)
        self._reading.start()
        self.http, self.rtsp = "", ""

    def wait_for(self, pattern: str, timeout_s: float = READY_WITHIN_S) -> re.Match[str]:
        """The next line of the log that matches."""
        while True:
            try:
                line = self._lines.get(timeout=timeout_s)
            except queue.Empty:
                raise AssertionError(f"no {pattern!r} in the log:\n" + "".join(self.log)) from None
            assert line is not None, f"ended without {pattern!r}:\n" + "".join(self.log)
            if match := re.search(pattern, line):
                return match

    def wait_until_ready(self) -> None:
        ready = self.wait_for(r" ready http=(\S+) rtsp=(\S+)$")
        self.http, self.rtsp = ready[1], ready[2]

    def stop(self) -> tuple[int, str]:
        """SIGTERM; the exit status and what it printed."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        out = self.process.stdout.read()
        status = self.process.wait(timeout=30)
        self._reading.join(timeout=10)
        return status, out

    def stop_when_done(self) -> tuple[int, str]:
        """It is expected to end by itself."""
        self.process.wait(timeout=READY_WITHIN_S)
        return self.stop()

    def _read(self) -> None:
        for line in self.process.stderr:
            self.log.append(line)
            self._lines.put(line)
        self._lines.put(None)


def environment(**variables: str) -> dict[str, str]:
    """Of a server that takes free ports."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("MINGJING_")}
    free = {
        "MINGJING_HTTP__PORT": "0",
        "MINGJING_RTSP__PORT": "0",
        "MINGJING_RTSP__UDP": "false",
        "MINGJING_WEBRTC__PORT": "0",
        "MINGJING_WEBRTC__HOST": "127.0.0.1",
    }
    return kept | free | {"MINGJING_RTSP__HOST": "127.0.0.1"} | variables


@contextlib.contextmanager
def started(*words: str, **variables: str) -> Iterator[Server]:
    """`mingjing WORDS` as a process; killed at the end if it still runs."""
    process = Process(nursery().fork(words, environment(**variables), apart=True))
    server = Server(process)
    try:
        yield server
    finally:
        process.kill()
        process.wait()
        server._reading.join(timeout=10)
        process.close()


@contextlib.contextmanager
def serving(data_dir: Path, **variables: str) -> Iterator[Server]:
    with started("serve", "--data-dir", str(data_dir), **variables) as server:
        server.wait_until_ready()
        yield server
