"""One viewer: a socket that watches one channel, and what it counts."""

import asyncio
import json
import time

from media.nal import find_stamp
from mingjing.bench.conversation import Json
from mingjing.bench.counts import Counts, UnitCount
from mingjing.bench.viewers.websocket_client import WebSocketClient


class Viewer:
    """A picture counts when its message is whole in this process. `task` has `host` (HOST:PORT) and `cookie`."""

    def __init__(self, task: Json, device: str, units: UnitCount, counts: Counts) -> None:
        self.units = units
        self._host: str = task["host"]
        self._device = device
        self._counts = counts
        self._client = WebSocketClient(
            f"/ws/live/{device}?channel=main&purpose=exercise", self._host, task["cookie"], self
        )
        self._stamp: tuple[int, int] | None = None
        self._shown = asyncio.Event()

    async def open(self) -> None:
        address, _, port = self._host.rpartition(":")
        await asyncio.get_running_loop().create_connection(lambda: self._client, address, int(port))
        await self._client.opened

    async def first_picture(self) -> None:
        await self._shown.wait()

    def close(self) -> None:
        self._client.close()

    # What the client tells

    def head(self, data: bytes | bytearray, start: int, end: int) -> None:
        self._stamp = None
        stamp = find_stamp(data, start, end)
        if stamp is None:
            return
        if stamp.valid and stamp.device_id == self._device:
            self._stamp = stamp.n, stamp.mono_ns
        else:
            self._counts.damaged += 1

    def whole(self, size: int) -> None:
        self._counts.bytes += size
        if self._stamp is not None:
            n, sent_ns = self._stamp
            self.units.unit(n, sent_ns, time.monotonic_ns())
            if not self._shown.is_set():
                self._shown.set()

    def text(self, payload: bytes) -> None:
        if json.loads(payload)["type"] == "lag":
            self._counts.skips += 1

    def ended(self) -> None:
        self._counts.closed += 1
