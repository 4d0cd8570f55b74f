"""What a fleet costs: `python -m tests.mingjing.simulator.measure_fleet DEVICES SECONDS [udp]` prints JSON.

The other end is a process of its own that reads and throws away. Percent means percent of one core.
"""

import asyncio
import json
import multiprocessing
import resource
import socket
import sys
import time
from multiprocessing.connection import Connection
from pathlib import Path
from tempfile import gettempdir

import uvloop

from media.rtsp import Announce, Record, ServerConnection, Setup
from media.sdp import parse
from mingjing.simulator import DeviceLogin, Fleet, Over, SimulateOptions
from storage import SystemClock


class Drain(asyncio.Protocol):
    """Accepts everything; once it records, bytes are not looked at."""

    def __init__(self, udp_ports: tuple[int, int]) -> None:
        self._udp_ports = udp_ports
        self._core = ServerConnection("s", lambda *_: None, 0)
        self._recording = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        if self._recording:
            return
        start = 0
        while True:
            start = self._core.receive(data, start, len(data), 0)
            match self._core.next_event():
                case None:
                    break
                case Announce() as announce:
                    self._core.accept_announce(parse(announce.sdp))
                case Setup() as setup:
                    self._core.accept_setup(server_port=self._udp_ports if setup.transport.client_port else None)
                case Record():
                    self._core.accept_record()
                    self._recording = True
        self._transport.write(self._core.data_to_send())  # type: ignore[attr-defined]


def drain(ready: Connection) -> None:
    async def run() -> None:
        loop = asyncio.get_running_loop()
        nowhere = [socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(2)]
        for one in nowhere:
            one.bind(("127.0.0.1", 0))  # and is never read: the kernel throws away
        rtp, rtcp = (one.getsockname()[1] for one in nowhere)
        server = await loop.create_server(lambda: Drain((rtp, rtcp)), "127.0.0.1", 0)
        ready.send(server.sockets[0].getsockname()[1])
        await asyncio.Event().wait()

    uvloop.run(run())


def stolen_s() -> float:
    return int(Path("/proc/stat").read_text(encoding="ascii").split()[8]) / 100


async def measure(devices: int, seconds: float, over: Over, port: int) -> dict[str, object]:
    logins = tuple(DeviceLogin(f"dev{number}", "key") for number in range(devices))
    cache_dir = Path(gettempdir()) / "mingjing-measure"
    options = SimulateOptions(f"rtsp://127.0.0.1:{port}", logins, cache_dir, over=over, start_within_s=1)
    begin = time.process_time()
    fleet = Fleet.prepare(options, SystemClock())
    prepare_s = time.process_time() - begin
    async with asyncio.TaskGroup() as group:
        task = group.create_task(fleet.run())
        await asyncio.sleep(2)
        units, cpu, wall, steal = fleet.report().units, time.process_time(), time.monotonic(), stolen_s()
        await asyncio.sleep(seconds)
        units, cpu = fleet.report().units - units, time.process_time() - cpu
        wall, steal = time.monotonic() - wall, stolen_s() - steal
        task.cancel()
    return {
        "recording": sum(bool(device.sent) for device in fleet.report().devices),
        "prepare_s": round(prepare_s, 2),
        "units_per_second": round(units / wall),
        "cpu_percent": round(100 * cpu / wall, 1),
        "steal_percent": round(100 * steal / wall, 1),
        "rss_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1_024,
    }


def main() -> None:
    devices, seconds = int(sys.argv[1]), float(sys.argv[2])
    over = Over(sys.argv[3]) if len(sys.argv) > 3 else Over.TCP
    ours, theirs = multiprocessing.Pipe()
    process = multiprocessing.get_context("spawn").Process(target=drain, args=(theirs,), daemon=True)
    process.start()
    theirs.close()  # so that its death is an end of file here
    result = uvloop.run(measure(devices, seconds, over, ours.recv()))
    process.terminate()
    params = {"devices": devices, "seconds": seconds, "transport": over.value, "bitrate_kbps": 1_500, "fps": 25}
    print(json.dumps({"bench": "fleet", "params": params, "result": result}))  # noqa: T201


if __name__ == "__main__":
    main()
