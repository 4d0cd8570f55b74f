"""A fork is like a process that was started: log, exit status, signals; and none outlives its nursery."""

import os
import signal
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.house.nursery import ForkTransport, Nursery
from tests.house.process import ServerProcess

FREE_PORTS = {
    f"MINGJING_{room}__{name}": value
    for room in ("HTTP", "RTSP", "WEBRTC")
    for name, value in (("HOST", "127.0.0.1"), ("PORT", "0"))
} | {"MINGJING_RTSP__UDP": "false"}


@pytest.fixture
def nursery() -> Iterator[Nursery]:
    with closing(Nursery()) as opened:
        yield opened


def forked(nursery: Nursery, *arguments: str) -> ServerProcess:
    process = ServerProcess()
    ForkTransport(process, nursery.fork(arguments, {**os.environ, **FREE_PORTS}))
    return process


async def test_it_says_and_ends_as_the_same_command_would(nursery: Nursery) -> None:
    known, unknown = forked(nursery, "--version"), forked(nursery, "nonsense")
    for process in (known, unknown):
        await process.gone(20)
    assert (known.exit_status, unknown.exit_status) == (0, 2)
    assert known.log.startswith("mingjing ")
    assert "nonsense" in unknown.log
    known.signal(signal.SIGTERM)  # too late, and no error


async def test_a_server_ends_with_its_nursery(nursery: Nursery, tmp_path: Path) -> None:
    server = forked(nursery, "serve", "--data-dir", str(tmp_path / "data"))
    await server._ready.wait()
    assert not server.ended
    nursery._process.kill()
    await server.gone(20)
    assert server.exit_status == -signal.SIGKILL
