"""What the core costs a packet: `python -m tests.media.rtsp.measure_interleaved` prints JSON."""

import json
import platform
import time

from media.rtsp import Bounds, Buffer, ServerConnection
from tests.media.rtsp.dialogue import Server, interleaved

PACKET_BYTES = 1_056  # the mean of a 1.5 Mbit/s stream cut at 1,200 bytes
ROUNDS = 2_000


def microseconds_a_packet(packets: int) -> float:
    """The best of five runs over a buffer of so many packets, with a handler that does nothing."""
    server = Server()
    server.core = core = ServerConnection("s1", _nothing, 0)
    server.start_recording()
    buffer = bytearray(interleaved(0, bytes(PACKET_BYTES)) * packets)
    best = float("inf")
    for _ in range(5):
        begin = time.perf_counter()
        for _ in range(ROUNDS):
            core.receive(buffer, 0, len(buffer), 1)
            core.next_event()
        best = min(best, time.perf_counter() - begin)
    return best / ROUNDS / packets * 1e6


def _nothing(_channel: int, _buffer: Buffer, _bounds: Bounds) -> None:
    pass


if __name__ == "__main__":
    result = {f"us_per_packet_in_reads_of_{count}": round(microseconds_a_packet(count), 3) for count in (1, 7, 61)}
    print(json.dumps({"bench": "interleaved", "cpu": platform.processor(), "result": result}))  # noqa: T201
