"""A server of its own for one benchmark: fresh data directory, free ports, known accounts."""

import asyncio
import http.client
import json
import re
import secrets
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from mingjing.settings import HttpSettings, RtspSettings, Settings
from mingjing.wiring import open_house
from viewer.access import Role

STARTS_WITHIN_S = 30
STOPS_WITHIN_S = 30
BY = "cli:bench"
VIEWER = "bench"


@dataclass(frozen=True, slots=True)
class ServerProcess:
    """`keys` are lines as `mingjing simulate --keys` takes them."""

    pid: int
    http: str  # HOST:PORT
    rtsp: str  # rtsp://HOST:PORT
    data_dir: Path
    keys: Sequence[str]
    password: str

    def log_in(self) -> str:
        """A session cookie of the benchmark's supervisor."""
        connection = http.client.HTTPConnection(self.http, timeout=10)
        body = json.dumps({"username": VIEWER, "password": self.password})
        headers = {"Content-Type": "application/json", "Origin": f"http://{self.http}"}
        connection.request("POST", "/api/v1/login", body, headers)
        answer = connection.getresponse()
        words = answer.read().decode()
        if answer.status != 200:
            raise RuntimeError(f"the benchmark cannot log in: {answer.status} {words}")
        return (answer.getheader("Set-Cookie") or "").partition(";")[0]

    def metric(self, name: str) -> float:
        """A number from /metrics, which the machine itself may read; labels are part of the name."""
        connection = http.client.HTTPConnection(self.http, timeout=10)
        connection.request("GET", "/metrics")
        text = connection.getresponse().read().decode()
        found = re.search(rf"^{re.escape(name)} (\S+)$", text, re.MULTILINE)
        return float(found[1]) if found else 0.0


@asynccontextmanager
async def server_process(data_dir: Path, devices: Sequence[str]) -> AsyncIterator[ServerProcess]:
    """`mingjing serve` with these devices registered, ended in order at the end of the block."""
    settings = Settings(
        data_dir=data_dir,
        http=HttpSettings(port=0),
        rtsp=RtspSettings(host="127.0.0.1", port=0, rtp_port=0, rtcp_port=0),
        log_level="warning",
    )
    password = secrets.token_urlsafe(24)
    keys = await _prepare(settings, devices, password)
    config = data_dir / "bench.toml"
    config.write_text(
        'log_level = "info"\n[http]\nport = 0\n[rtsp]\nhost = "127.0.0.1"\nport = 0\nrtp_port = 0\nrtcp_port = 0\n'
    )
    log = data_dir / "server.log"
    with log.open("wb") as output:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "mingjing", "serve", "--config", config, "--data-dir", data_dir,
            stdout=output, stderr=output,
        )  # fmt: skip
        try:
            http_address, rtsp = await asyncio.wait_for(_ready(log, process), STARTS_WITHIN_S)
            yield ServerProcess(process.pid, http_address, rtsp, data_dir, keys, password)
        finally:
            if process.returncode is None:
                process.terminate()
                await asyncio.wait_for(process.wait(), STOPS_WITHIN_S)


async def _prepare(settings: Settings, devices: Sequence[str], password: str) -> list[str]:
    async with open_house(settings) as house:
        unit = await house.registry.units.create("bench", name="bench", principal=BY)
        place = await house.registry.checkpoints.create("bench", name="bench", unit=unit.id, principal=BY)
        await house.access.accounts.create(VIEWER, Role.SUPERVISOR, by=BY, password=password)
        keys = []
        for device in devices:
            made = await house.registry.devices.register(device, place.id, principal=BY)
            keys.append(json.dumps({"id": device, "key": made.key, "rtsp_url": "", "whip_url": ""}))
    return keys


async def _ready(log: Path, process: asyncio.subprocess.Process) -> tuple[str, str]:
    """Addresses from the `ready` line."""
    while True:
        text = log.read_text(errors="replace")
        found = re.search(r"ready.*?http=\S*?://([^\s/'\"]+).*?rtsp=(rtsp://[^\s/'\"]+)", text)
        if found:
            return found[1], found[2]
        if process.returncode is not None:
            raise RuntimeError(f"the server did not start:\n{text}")
        await asyncio.sleep(0.05)
