"""Seats in front of a server's live WebSocket."""

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager

from mingjing.bench.clients import Clients


def seated_viewers(host: str, cookie: str, devices: Sequence[str]) -> AbstractAsyncContextManager[Clients]:
    """A viewer for each entry of `devices`, inside the block. `host` is HOST:PORT, `cookie` a session's."""
    return Clients.seated("mingjing.bench.viewers.process", devices, {"host": host, "cookie": cookie})
