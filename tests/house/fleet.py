"""Devices of the house that look after themselves: they come back whenever they are cut off."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from structlog.testing import capture_logs

from mingjing.simulator import ClipOptions, DeviceLogin, Faults, Fleet, SimulateOptions
from storage import SystemClock
from tests.house.house import House

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
