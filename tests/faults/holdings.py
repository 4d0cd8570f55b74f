"""What the server holds: read from outside, where nothing can be left out (I9)."""

from dataclasses import dataclass
from pathlib import Path

import psutil

from tests.house.archive import until
from tests.house.house import House

SETTLES_WITHIN_S = 20


@dataclass(frozen=True, slots=True)
class Holdings:
    """Sockets, segments that are being written, and the memory of the process."""

    sockets: int
    segments: int  # each a file and its journal; the database opens and closes files as it likes
    rss_bytes: int

    @classmethod
    def of(cls, house: House) -> "Holdings":
        server = psutil.Process(house.server.pid)
        with server.oneshot():
            segments = sum(file.path.endswith(".mp4") for file in server.open_files())
            return cls(len(server.net_connections()), segments, server.memory_info().rss)


async def back_at(house: House, base: Holdings) -> Holdings:
    """Wait until the server holds no more sockets and segments than before.

    Raises:
        TimeoutError: some stay.
    """

    def settled() -> bool:
        now = Holdings.of(house)
        return now.sockets <= base.sockets and now.segments <= base.segments

    await until(settled, SETTLES_WITHIN_S)
    return Holdings.of(house)


def kernel_holds_bytes(local_port: int, remote_port: int) -> int:
    """What the kernel has of a loopback connection that its reader has not acknowledged (proc_net_tcp)."""
    for line in Path("/proc/net/tcp").read_text().splitlines()[1:]:
        _, local, remote, _, queues, *_ = line.split()
        if (int(local[-4:], 16), int(remote[-4:], 16)) == (local_port, remote_port):
            return int(queues.partition(":")[0], 16)
    return 0
