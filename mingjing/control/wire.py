"""One question and one answer, each a line of JSON, over a socket in the data directory.

`DATA_DIR/control.sock` may have a path longer than a socket address holds (108 bytes), so it is
reached through the directory's descriptor.
"""

import contextlib
import os
import socket
import struct
from collections.abc import Iterator
from pathlib import Path

SOCKET = "control.sock"
REQUEST_MAX_BYTES = 65_536
ANSWER_MAX_BYTES = 64 << 20  # a list of 200,000 devices, ten times what a server is made for

_CREDENTIALS = struct.Struct("3i")  # struct ucred: pid, uid, gid (unix(7))


@contextlib.contextmanager
def address_in(directory: Path, name: str = SOCKET) -> Iterator[str]:
    """A short address of a socket in the directory, valid inside the block."""
    descriptor = os.open(directory, os.O_PATH | os.O_DIRECTORY)
    try:
        yield f"/proc/self/fd/{descriptor}/{name}"
    finally:
        os.close(descriptor)


def peer_uid(connection: socket.socket) -> int:
    """Who is at the other end: the kernel says, not the peer (SO_PEERCRED, unix(7))."""
    data = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
    uid: int = _CREDENTIALS.unpack(data)[1]
    return uid


def listen(directory: Path) -> socket.socket:
    """The control socket, listening, mode 0600 from its first moment on; a dead server's is replaced.

    The caller holds the store lock: there is no living server's socket to replace.
    """
    listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
    try:
        with address_in(directory) as address:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(address)
            os.fchmod(listening.fileno(), 0o600)  # bind gives the file the mode of the socket
            listening.bind(address)
        listening.listen(16)
    except BaseException:
        listening.close()
        raise
    return listening
