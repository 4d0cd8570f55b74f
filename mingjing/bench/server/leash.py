"""A process that does not outlive the benchmark which started it, however that ends: also by SIGKILL.

The kernel kills it then (PR_SET_PDEATHSIG). Not by SIGTERM, which would come once for each thread of the benchmark, and
the second of them is for who does not want to wait. What is on the leash is the command itself and nothing beside it:
process id, memory and CPU are those of the command. Not here: ends that the benchmark makes.
"""

import os
import sys
from collections.abc import Sequence

# Runs before the command and becomes it. Without site-packages: some 15 ms. The benchmark may be gone by then.
_BECOME = """
import ctypes, os, signal, sys
ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG: stays over exec
if os.getppid() == int(sys.argv[1]):
    os.execv(sys.argv[2], sys.argv[2:])
"""


def leashed(*command: str | os.PathLike[str]) -> Sequence[str | os.PathLike[str]]:
    """The same command on a leash: to be started by the thread that lives as long as the benchmark does."""
    return (sys.executable, "-I", "-S", "-c", _BECOME, str(os.getpid()), *command)
