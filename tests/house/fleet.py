"""Devices of the house that look after themselves: they come back whenever they are cut off."""

import asyncio
import json
import signal
import sys
from asyncio.subprocess import DEVNULL, PIPE
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from structlog.testing import capture_logs

from mingjing.simulator import ClipOptions, DeviceLogin, Faults, Fleet, SimulateOptions
from storage import SystemClock
from tests.house.house import House
from tests.house.process import REPOSITORY

NO_FAULTS = Faults()


@asynccontextmanager
async def playing(
    house: House,
    devices: Sequence[str],
    clip: ClipOptions,
    cache_dir: Path,
    *,
    through: tuple[str, int] | None = None,
    faults: Faults = NO_FAULTS,
) -> AsyncIterator[Fleet]:
    """These devices publish inside the block, and leave in good order after it; perhaps `through` a bad link."""
    logins = tuple(DeviceLogin(name, house.keys[name]) for name in devices)
    host, port = through or house.rtsp_address
    options = SimulateOptions(
        f"rtsp://{host}:{port}", logins, cache_dir, generated=clip, start_within_s=0.5, faults=faults
    )
    fleet = await asyncio.to_thread(Fleet.prepare, options, SystemClock())
    with capture_logs():  # twenty devices that call in vain, once a second, are no news
        async with asyncio.TaskGroup() as group:
            task = group.create_task(fleet.run(), name="fleet")
            try:
                yield fleet
            finally:
                task.cancel()


@asynccontextmanager
async def flapping(house: House, devices: Sequence[str], cache_dir: Path, *, every_s: float) -> AsyncIterator[None]:
    """These devices come and go so often inside the block, in a process of their own: there may be very many."""
    options = {
        "--server": house.rtsp_url,
        "--keys": "-",
        "--cache-dir": cache_dir,
        "--flap-every": every_s,
        "--fps": 5,
        "--bitrate": 100,
    }
    arguments = [str(part) for option in options.items() for part in option]
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "mingjing", "simulate", *arguments, "--no-sound"),
        stdin=PIPE,
        stdout=DEVNULL,
        stderr=DEVNULL,
        cwd=REPOSITORY,
    )
    assert process.stdin is not None
    keys = (json.dumps({"id": name, "key": house.keys[name], "rtsp_url": "", "whip_url": ""}) for name in devices)
    process.stdin.write("\n".join(keys).encode())
    process.stdin.close()
    try:
        yield
        assert process.returncode is None
    finally:
        if process.returncode is None:
            process.send_signal(signal.SIGTERM)
        await process.wait()
