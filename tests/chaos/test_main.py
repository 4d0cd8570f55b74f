"""`python -m tests.chaos`, as typed by hand."""

import asyncio
import signal
import sys
from asyncio.subprocess import PIPE

from tests.house.process import REPOSITORY

WITHIN_S = 20


async def test_it_says_where_to_call_and_passes_what_comes():
    async def echo(reader, writer):
        writer.write(await reader.readexactly(4))
        await writer.drain()
        writer.close()

    behind = await asyncio.start_server(echo, "127.0.0.1", 0)
    port = behind.sockets[0].getsockname()[1]
    command = ("-m", "tests.chaos", "--server", f"127.0.0.1:{port}", "--seed", "3", "--delay", "0.01", "--kbps", "800")
    async with behind, asyncio.timeout(WITHIN_S):
        proxy = await asyncio.create_subprocess_exec(sys.executable, *command, stdout=PIPE, cwd=REPOSITORY)
        try:
            where = (await proxy.stdout.readline()).decode().split()[0]
            host, _, called = where.removeprefix("rtsp://").rpartition(":")
            reader, writer = await asyncio.open_connection(host, int(called))
            writer.write(b"PING")
            assert await reader.readexactly(4) == b"PING"
            writer.close()
        finally:
            proxy.send_signal(signal.SIGINT)
            said, _ = await proxy.communicate()
        assert proxy.returncode == 0
        assert b"connections" in said


async def test_what_makes_no_sense_is_said():
    proxy = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.chaos", "--server", "127.0.0.1:1", "--loss", "2"), stderr=PIPE, cwd=REPOSITORY
    )
    _, said = await proxy.communicate()
    assert proxy.returncode == 2
    assert b"shares between 0 and 1" in said
