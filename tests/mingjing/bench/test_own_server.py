"""The benchmark's own server ends with it, however that ends."""

import asyncio
import os
import signal

import psutil

from mingjing.bench.server import own_server
from tests.house.archive import until
from tests.storage.faulty_disk import child_of


def is_gone(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE  # nobody asks for its exit status
    except psutil.NoSuchProcess:
        return True


async def test_a_benchmark_that_is_killed_leaves_no_server_behind(tmp_path):
    async def bench(tell):
        async with own_server(tmp_path / "data", ["dev1"]) as server:
            tell(f"{server.pid}")
            await asyncio.Event().wait()

    child, told = child_of(lambda tell: asyncio.run(bench(tell)))
    with told:
        pid = int(await asyncio.to_thread(told.readline))
    assert "mingjing" in psutil.Process(pid).cmdline()
    os.kill(child, signal.SIGKILL)
    await asyncio.to_thread(os.waitpid, child, 0)
    await until(lambda: is_gone(pid), within_s=20)
