"""What a worker may not do, once it is ready to work.

The bytes that it decodes come from devices, and from whoever has stolen a key. Should they take it over, it
can open no file and no socket, start no process, gain no right, and hold no more memory than work needs. What
it can do is use processor time, and lie in what it answers.

Linux has all of this; elsewhere what there is of it.
"""

import ctypes
import os
import resource
import signal
import sys
from pathlib import Path

NICENESS = 5  # the server's loop and its writers come first; behind the many that run at 19 it would starve
MEMORY_BYTES = 256 << 20  # beyond what the interpreter and libav have mapped: sixty channels need a fifth of it
UNIT_MAX_S = 0.25  # of processor time; a unit takes a third of a millisecond

_PR_SET_PDEATHSIG = 1
_PR_SET_NO_NEW_PRIVS = 38
_NONE = (0, 0)


def die_with(parent: int) -> None:
    """End when the server does, whatever this process is at then."""
    if sys.platform == "linux":
        _prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:  # it was quicker
            os._exit(0)


def let_go_of_others(keep: int = 2) -> None:
    """Close what came along beside standard input, output and error, and `keep`: uvloop lets a child inherit what
    may be."""
    os.closerange(3, keep)
    os.closerange(keep + 1, resource.getrlimit(resource.RLIMIT_NOFILE)[0])


def confine(memory_bytes: int = MEMORY_BYTES) -> None:
    """For good. Everything that is needed has been imported by now: no file can be opened any more."""
    os.nice(NICENESS)
    resource.setrlimit(resource.RLIMIT_CORE, _NONE)
    resource.setrlimit(resource.RLIMIT_FSIZE, _NONE)
    if sys.platform == "linux":
        pages = int(Path("/proc/self/statm").read_text().split()[0])
        most = pages * os.sysconf("SC_PAGE_SIZE") + memory_bytes
        resource.setrlimit(resource.RLIMIT_AS, (most, most))
        resource.setrlimit(resource.RLIMIT_NPROC, _NONE)  # root is not bound by it
        _prctl(_PR_SET_NO_NEW_PRIVS, 1)
    resource.setrlimit(resource.RLIMIT_NOFILE, _NONE)


def begin_unit(max_s: float = UNIT_MAX_S) -> None:
    """From now on so much processor time: what takes more is ended by SIGPROF."""
    signal.setitimer(signal.ITIMER_PROF, max_s)


def _prctl(option: int, value: int) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(option, value, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl")
