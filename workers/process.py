"""A process that opens what devices send: how it is started, and what is said of its end.

It has one socket to us, as its standard input, and a pipe for its last words; nothing else of ours, and none of our
environment. Not here: what is spoken over the socket (worker, burn_in).
"""

import asyncio
import os
import signal
import socket
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import Sequence

_PASSED_ON = ("PATH", "LD_LIBRARY_PATH")  # what an interpreter may need to find itself


async def spawned(program: Sequence[str], theirs: socket.socket, *descriptors: int) -> Process:
    """An interpreter that runs `program`, and is told our process id, and what it may have of our `descriptors`.

    Whoever is cancelled meanwhile leaves no process behind, and no pipe of it.

    Raises:
        OSError: there can be none.
    """
    starting = asyncio.create_subprocess_exec(
        *(sys.executable, "-I", *program, str(os.getpid()), *map(str, descriptors)),
        stdin=theirs.fileno(),
        stdout=DEVNULL,
        stderr=PIPE,
        env={name: os.environ[name] for name in _PASSED_ON if name in os.environ},
        cwd="/",
        pass_fds=descriptors,
    )
    started = asyncio.get_running_loop().create_task(starting)  # we are its parent, and stay until it is over
    try:
        return await asyncio.shield(started)
    except asyncio.CancelledError:
        process = await started
        process.kill()
        await process.communicate()
        raise


def end_of(process: Process | None, last_words: bytes) -> str:
    """What it said of its end: the signal that ended it, or the end of a traceback."""
    words = last_words.decode(errors="replace").strip()
    code = process.returncode if process is not None else None
    return _signal_name(-code) if code is not None and code < 0 and not words else words


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
