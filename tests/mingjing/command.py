"""Runs `mingjing …` as an operator does: in this process where it is quick, as a process of its own where it serves."""

import contextlib
import os
import queue
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from mingjing.cli import main

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


class Server:
    """`mingjing serve` or `demo`, running."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
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
        out = self.process.stdout.read() if self.process.stdout else ""
        status = self.process.wait(timeout=30)
        self._reading.join(timeout=10)
        return status, out

    def stop_when_done(self) -> tuple[int, str]:
        """It is expected to end by itself."""
        self.process.wait(timeout=READY_WITHIN_S)
        return self.stop()

    def _read(self) -> None:
        assert self.process.stderr is not None
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
    process = subprocess.Popen(
        [sys.executable, "-m", "mingjing", *words],
        env=environment(**variables),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    server = Server(process)
    try:
        yield server
    finally:
        if process.poll() is None:
            process.kill()
        process.wait()
        for stream in (process.stdout, process.stderr):
            if stream is not None:
                server._reading.join(timeout=10)
                stream.close()


@contextlib.contextmanager
def serving(data_dir: Path, **variables: str) -> Iterator[Server]:
    with started("serve", "--data-dir", str(data_dir), **variables) as server:
        server.wait_until_ready()
        yield server
