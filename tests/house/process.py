"""The server under test: `mingjing serve` as a process of its own, from a fork (nursery.py) or from the beginning.

Its log is taken in as it comes, so that `ready` is an event and not a poll, and a full pipe never
stops the server. Not here: settings and data (house.py).
"""

import asyncio
import os
import re
import signal
import sys
import time
from collections.abc import Mapping, Sequence

from tests.house.nursery import REPOSITORY, ForkTransport, nursery

READY_WITHIN_S = 60  # two seconds on an idle machine; test machines are not idle
_READY = re.compile(rb" ready http=(\S+) rtsp=(\S+)")


class ServerDied(Exception):
    """The server ended without being asked to. Its log is the message."""


class ServerProcess(asyncio.SubprocessProtocol):
    """One run of the server. `started_mono_ns` is when it was asked for, `ended_mono_ns` when it was gone."""

    def __init__(self) -> None:
        self.started_mono_ns = time.monotonic_ns()
        self.ready_mono_ns = 0
        self.ended_mono_ns = 0
        self.http_url = ""
        self.rtsp_url = ""
        self._log = bytearray()
        self._ready = asyncio.Event()
        self._ended = asyncio.Event()
        self._transport: asyncio.SubprocessTransport | None = None

    @classmethod
    async def start(
        cls, arguments: Sequence[str], settings: Mapping[str, str], *, under: Sequence[str] | None = None
    ) -> "ServerProcess":
        """Start `mingjing` with these arguments and wait until every port is bound.

        From the beginning where it runs `under` another command, which may be none; else as a fork.

        Raises:
            ServerDied: it ended instead.
        """
        environment = {name: value for name, value in os.environ.items() if not name.startswith("MINGJING_")}
        environment = {**environment, **settings, "PYTHONUNBUFFERED": "1"}
        if under is None:
            process = cls()
            ForkTransport(process, await asyncio.to_thread(nursery().fork, arguments, environment))
        else:
            command = (*under, sys.executable, "-m", "mingjing", *arguments)
            loop = asyncio.get_running_loop()
            _, process = await loop.subprocess_exec(cls, *command, stdin=None, env=environment, cwd=REPOSITORY)
        async with asyncio.timeout(READY_WITHIN_S):
            await process._ready.wait()
        if process.ended:
            process.close()
            raise ServerDied(process.log)
        return process

    # asyncio's calls

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.SubprocessTransport)
        self._transport = transport

    def pipe_data_received(self, fd: int, data: bytes) -> None:
        self._log += data
        if not self._ready.is_set() and (found := _READY.search(self._log)):
            self.ready_mono_ns = time.monotonic_ns()
            self.http_url, self.rtsp_url = (part.decode() for part in found.groups())
            self._ready.set()

    def process_exited(self) -> None:
        self.ended_mono_ns = time.monotonic_ns()

    def connection_lost(self, exc: Exception | None) -> None:
        self._ended.set()  # after the last of the log has come
        self._ready.set()

    def close(self) -> None:
        """Let go of it, once it is gone."""
        if self._transport is not None:
            self._transport.close()

    # ours

    @property
    def pid(self) -> int:
        assert self._transport is not None
        return self._transport.get_pid()

    @property
    def ended(self) -> bool:
        return self._ended.is_set()

    @property
    def exit_status(self) -> int | None:
        assert self._transport is not None
        return self._transport.get_returncode()

    @property
    def log(self) -> str:
        return self._log.decode(errors="replace")

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to this very process."""
        assert self._transport is not None
        if self._transport.get_returncode() is None:
            self._transport.send_signal(number)

    async def gone(self, within_s: float) -> None:
        """Wait for its end.

        Raises:
            TimeoutError: it still runs.
        """
        async with asyncio.timeout(within_s):
            await self._ended.wait()
