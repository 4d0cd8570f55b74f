"""What a frame of speech costs on its way out and to the archive: `python -m tests.gateway.webrtc.measure_talk`.

Everything but the way in: a frame of 80 bytes is placed, cut into fragments, protected and sent, with a real port and
a device that is keyed. Processor time, the least of ten times two hundred frames.
"""

import asyncio
import time
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

from gateway.webrtc import Talks
from tests.gateway.registry_house import open_registry
from tests.gateway.webrtc.rig import open_peers
from tests.gateway.webrtc.test_publishers import Side, live
from tests.gateway.webrtc.test_talks import LISTENS, Speech, opened

FRAMES = 200
FRAME_BYTES = 80  # 32 kbit/s of Opus


async def measure(folder: Path) -> float:
    """Nanoseconds a frame."""
    async with open_registry(folder) as house, open_peers() as peers:
        [key] = await house.furnish("dev1")
        side = Side(house, peers, key)
        device = await live(side, LISTENS)
        talk = opened(Talks(side.hub, side.publishers, house.clock))
        speech = Speech(side, 0)
        least = float("inf")
        for _ in range(10):
            frames = [[replace(frame, payload=(bytes(FRAME_BYTES),))] for frame in speech.frames(FRAMES)]
            began_ns = time.process_time_ns()
            for frame in frames:
                talk.say(frame)
            least = min(least, (time.process_time_ns() - began_ns) / FRAMES)
        device.close()
    return least


if __name__ == "__main__":
    with TemporaryDirectory() as place:
        print(f"{asyncio.run(measure(Path(place))) / 1_000:.1f} µs a frame")  # noqa: T201
