"""The viewers of a benchmark: a process of its own that watches channels and counts what it gets.

    python -m mingjing.bench.viewers '{"host": "HOST:PORT", "cookie": "session=…", "devices": ["d1"], "seconds": 60}'

prints one JSON object at its end. Each entry of `devices` is one viewer. Counted from the stamps in
the pictures: units received, lost within what was received, duplicated, out of order, and the time
from the sender's stamp to the bytes in this process.
"""

import asyncio
import json
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field

import uvloop

from media import Codec
from mingjing.bench.report import percentile
from mingjing.bench.stamped import stamp_of
from mingjing.bench.websocket_client import WebSocketClient

CONNECT_SPREAD_S = 0.01  # between two viewers that open: people do not click in the same instant


@dataclass(slots=True)
class Counts:
    """Of all viewers together."""

    received: int = 0
    lost: int = 0
    duplicated: int = 0
    skips: int = 0  # `lag` messages: the server left pictures out
    closed: int = 0
    bytes: int = 0
    latencies_ms: list[float] = field(default_factory=list)
    first_picture_ms: list[float] = field(default_factory=list)


class Viewer:
    """One socket, watching one device."""

    def __init__(self, device: str, counts: Counts) -> None:
        self._device = device
        self._counts = counts
        self._codec = Codec.H264
        self._last_n = -1
        self._opened_at = time.monotonic()
        self._live_from_ns = 0

    async def open(self, host: str, cookie: str) -> WebSocketClient:
        address, _, port = host.rpartition(":")
        path = f"/ws/live/{self._device}?channel=main&purpose=exercise"
        self._opened_at = time.monotonic()
        _, client = await asyncio.get_running_loop().create_connection(
            lambda: WebSocketClient(path, host, cookie, self._received), address, int(port)
        )
        await client.opened
        return client

    def _received(self, binary: bool, payload: bytes) -> None:
        counts = self._counts
        if not binary:
            self._told(json.loads(payload))
            return
        counts.bytes += len(payload)
        stamp = stamp_of(payload, self._codec)
        if stamp is None or not stamp.valid:
            return
        if self._last_n < 0:
            counts.first_picture_ms.append((time.monotonic() - self._opened_at) * 1_000)
            self._live_from_ns = time.monotonic_ns()
        elif stamp.n <= self._last_n:
            counts.duplicated += 1
            return
        else:
            counts.lost += stamp.n - self._last_n - 1
        self._last_n = stamp.n
        counts.received += 1
        if stamp.mono_ns > self._live_from_ns:  # what the GOP cache held is older than the viewer, not late
            counts.latencies_ms.append((time.monotonic_ns() - stamp.mono_ns) / 1e6)

    def _told(self, message: Mapping[str, object]) -> None:
        if message["type"] == "init":
            for track in message["tracks"] if isinstance(message["tracks"], list) else []:
                if track["kind"] == "video":
                    self._codec = Codec(track["codec"])
        elif message["type"] == "lag":
            self._counts.skips += 1
        elif message["type"] == "closing":
            self._counts.closed += 1


async def watch(host: str, cookie: str, devices: list[str], seconds: float) -> dict[str, object]:
    counts = Counts()
    clients = []
    for device in devices:
        clients.append(await Viewer(device, counts).open(host, cookie))
        await asyncio.sleep(CONNECT_SPREAD_S)
    print(json.dumps({"watching": len(clients)}), flush=True)  # noqa: T201  the parent waits for this line
    await asyncio.sleep(seconds)
    for client in clients:
        client.close()
    return {
        "units_received": counts.received,
        "units_lost": counts.lost,
        "units_duplicated": counts.duplicated,
        "viewer_skips": counts.skips,
        "viewers_closed": counts.closed,
        "mbytes": round(counts.bytes / 1e6, 1),
        "latency_p50_ms": round(percentile(counts.latencies_ms, 50), 1),
        "latency_p99_ms": round(percentile(counts.latencies_ms, 99), 1),
        "first_picture_p95_ms": round(percentile(counts.first_picture_ms, 95), 1),
    }


def main() -> None:
    result = uvloop.run(watch(**json.loads(sys.argv[1])))
    print(json.dumps(result), flush=True)  # noqa: T201  the result of this process


if __name__ == "__main__":
    main()
