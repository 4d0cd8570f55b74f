"""A disk that does not give back what was written (EIO), for one file and one process; where there is strace."""

import asyncio
import shutil
from asyncio.subprocess import DEVNULL, PIPE
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

READS = "pread64,preadv,read"


@asynccontextmanager
async def gives_nothing_back_of(file: Path, pid: int) -> AsyncIterator[None]:
    """Each read of this file by this process is answered EIO, in the block. Skips where nobody may trace it."""
    if shutil.which("strace") is None:
        pytest.skip("there is no strace, which makes a disk bad")
    strace = await asyncio.create_subprocess_exec(
        *("strace", "-f", "-p", str(pid), "-P", str(file), "-o", "/dev/null"),
        *("-e", f"trace={READS}", "-e", f"inject={READS}:error=EIO"),
        stdin=DEVNULL,
        stderr=PIPE,
    )
    assert strace.stderr is not None
    try:
        if b"attached" not in (said := await strace.stderr.readline()):
            pytest.skip(f"this machine lets nobody trace the server: {said.decode()}")
        yield
    finally:
        strace.kill()  # the server goes on by itself
        await strace.wait()
